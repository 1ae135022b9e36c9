import { expect, test } from 'vitest';
import { fill } from './words';

test('values are put into their places, with the word that goes with their number', () => {
  const text = '{name}: {n} {n|station|stations}, {left}';
  expect(fill(text, { name: 'A', n: 1 })).toBe('A: 1 station, {left}');
  expect(fill(text, { name: 'A', n: '1,200', left: 'b' })).toBe('A: 1,200 stations, b');
  expect(fill(text)).toBe(text);
});
