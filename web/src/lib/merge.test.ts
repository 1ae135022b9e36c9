import { expect, test } from 'vitest';
import { appended, renewed } from './merge';

const key = (x: { id: string }) => x.id;

test('a page is added once', () => {
  expect(appended([{ id: 'a' }], [{ id: 'a' }, { id: 'b' }], key)).toEqual([{ id: 'a' }, { id: 'b' }]);
});

test('what is new comes first, and what has changed stays where it is', () => {
  const rows = [{ id: 'a', n: 1 }, { id: 'b', n: 1 }]; // prettier-ignore
  expect(renewed(rows, [{ id: 'c', n: 1 }, { id: 'b', n: 2 }], key)).toEqual([{ id: 'c', n: 1 }, { id: 'a', n: 1 }, { id: 'b', n: 2 }]); // prettier-ignore
});
