import { expect, test } from 'vitest';
import { Problem } from './api';
import { decimal, faults, instant, local, major, minor, num, tail } from './form';

test('numbers are taken with a comma or a point', () => {
  expect(decimal(' 1 234,50 ')).toBe('1234.50');
  expect(num('4,95')).toBe(4.95);
  expect(num('')).toBeUndefined();
  expect(num('four')).toBeUndefined();
});

test('amounts have the digits of their currency', () => {
  expect(minor('12,5', 'SEK')).toBe(1250);
  expect(minor('12', 'JPY')).toBe(12);
  expect(minor('', 'SEK')).toBeUndefined();
  expect(major(1250, 'SEK')).toMatch(/^12[.,]5$/);
});

test('times go there and back', () => {
  expect(instant(local('2026-12-24T18:00:00Z'))).toBe('2026-12-24T18:00:00.000Z');
  expect(instant('')).toBeUndefined();
});

test('what is wrong is told by field', () => {
  expect(faults(new Problem(422, 'x', [{ field: 'elements[0].price', text: 'is missing' }]))).toEqual({
    'elements[0].price': 'is missing',
  });
  expect(faults(new Error('x'))).toEqual({});
});

test('only the end of a number is shown', () => {
  expect(tail('04AABBCC')).toBe('…BBCC');
  expect(tail('…BBCC')).toBe('…BBCC');
});
