import { expect, test } from 'vitest';
import { byTime } from './order';

test('times are put in order whatever their fractions are like', () => {
  const right = [
    '2026-11-28T10:05:58Z',
    '2026-11-28T10:05:58.000001Z',
    '2026-11-28T10:05:58.9Z',
    '2026-11-28T10:05:58.9123Z',
    '2026-11-28T10:05:58.95Z',
    '2026-11-28T11:05:59+01:00',
    '2026-11-28T10:06:00Z',
  ];
  expect([...right].reverse().sort(byTime)).toEqual(right);
});
