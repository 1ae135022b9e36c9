import { expect, test } from 'vitest';
import type { Schemas } from '../../lib/api';
import { merged, outcome } from './audit';
import { deed } from './deeds';
import described from '../../lib/openapi.d.ts?raw';

const line = (seq: number, more: Partial<Schemas['AuditView']>): Schemas['AuditView'] => ({
  seq,
  at: '2026-01-01T00:00:00Z',
  name: 'A',
  action: 'put-station',
  path: '/x',
  stage: 'asked',
  remote: '::1',
  hash: 'h',
  ...more,
});

test('a change has what came of it', () => {
  const list = merged([
    line(5, { stage: 'result', of: 3, status: 422 }),
    line(4, {}),
    line(3, {}),
    line(2, { stage: 'result', of: 1, status: 200 }),
  ]);
  expect(list.map((c) => [c.seq, c.result?.status])).toEqual([
    [4, undefined],
    [3, 422],
  ]);
  expect(list.map((c) => outcome(c).tone)).toEqual(['quiet', 'warn']);
  expect(outcome({ ...list[0]!, result: line(9, { status: 500 }) }).tone).toBe('bad');
});

test('every operation that changes something is told of with words', () => {
  const changing = [...described.matchAll(/^\s+(?:post|put|patch|delete): operations\["([^"]+)"\]/gm)].map((m) => m[1]!);
  expect(changing.length).toBeGreaterThan(100);
  const silent = ['check-tariff', 'quote-draft', 'quote-station', 'quote-tariff', 'simulate-tariff', 'simulate-transaction']; // they change nothing
  const without = changing.filter((id) => !id.startsWith('my-') && !silent.includes(id) && !deed(id));
  expect(without).toEqual([]);
});
