import { expect, test } from 'vitest';
import { apart } from './find';

test('how far places are from each other', () => {
  const umea = { north: 63.825847, east: 20.263035 };
  const stockholm = { north: 59.329323, east: 18.068581 };
  expect(apart(umea, stockholm)).toBeCloseTo(513, -1);
  expect(apart(umea, umea)).toBe(0);
  expect(apart({ north: 0, east: 179.9 }, { north: 0, east: -179.9 })).toBeCloseTo(22.2, 0); // the short way round
});
