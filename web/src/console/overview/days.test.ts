import { expect, test } from 'vitest';
import { midnight } from './days';

test('days begin at midnight, also over the ends of months and years', () => {
  const now = new Date(2026, 0, 3, 14, 5);
  expect(midnight(0, now)).toEqual(new Date(2026, 0, 3));
  expect(midnight(6, now)).toEqual(new Date(2025, 11, 28));
});
