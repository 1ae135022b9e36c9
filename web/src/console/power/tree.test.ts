import { expect, test } from 'vitest';
import { currents, free, ordered, renamed, sent, without } from './tree';
import type { Tree } from './words';

const tree: Tree = {
  mode: 'on',
  nodes: [{ id: 'a' }, { id: 'c', parent: 'b' }, { id: 'b', parent: 'a' }, { id: 'x', parent: 'gone' }],
  evses: [{ station: 'S', evse: 1, node: 'b', maxA: 32 }],
};

test('nodes come behind the one above them', () => {
  expect(ordered(tree.nodes).map((x) => [x.node.id, x.depth, x.index])).toEqual([
    ['a', 0, 0],
    ['b', 1, 2],
    ['c', 2, 1],
    ['x', 0, 3],
  ]);
});

test('what was on a node that is taken out is on the one above', () => {
  const t = without(tree, 2);
  expect(t.nodes.find((n) => n.id === 'c')?.parent).toBe('a');
  expect(t.evses[0]?.node).toBe('a');
});

test('a node that is called something else is known by that everywhere', () => {
  const t = renamed(tree, 2, 'west');
  expect(t.nodes.find((n) => n.id === 'c')?.parent).toBe('west');
  expect(t.evses[0]?.node).toBe('west');
  expect(free(t.nodes)).toBe('node-4');
});

test('currents are one for all phases or three', () => {
  expect(currents('')).toBeUndefined();
  expect(currents('16')).toEqual([16]);
  expect(currents('16,5 20 10')).toEqual([16.5, 20, 10]);
  expect(currents('x')?.every(Number.isNaN)).toBe(true);
});

test('what is empty is not sent', () => {
  expect(sent({ ...tree, nodes: [{ id: 'a', name: '', hours: [] }] }).nodes).toEqual([{ id: 'a', hours: undefined }]);
});
