import { expect, test } from 'vitest';
import { minor, typed } from './amount';

test('an amount is typed in major units and kept in minor ones', () => {
  expect(minor('12,50', 'SEK')).toBe(1250);
  expect(minor('1 200.5', 'SEK')).toBe(120050);
  expect(minor('7', 'JPY')).toBe(7);
  expect(minor('7.5', 'JPY')).toBeUndefined();
  expect(minor('12.345', 'SEK')).toBeUndefined();
  expect(minor('-3', 'SEK')).toBeUndefined();
  expect(minor('', 'SEK')).toBeUndefined();
  expect(minor(typed({ amount: 1005, currency: 'SEK' }), 'SEK')).toBe(1005);
});
