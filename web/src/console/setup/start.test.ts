import { expect, test } from 'vitest';
import { makePassword, step, type Station, type Verdict } from './start';

const since = Date.parse('2026-01-01T12:00:00Z');
const station = (more: Partial<Station>) => ({ id: 'A', state: 'accepted', connected: false, ...more }) as Station;
const verdict = (cause: Verdict['cause'], lastAt: string) =>
  ({ cause, lastAt, station: 'A', reason: 'r', remote: '::1', count: 1, firstAt: lastAt }) as Verdict;

test('how far a station has come', () => {
  expect(step(undefined, [], since).step).toBe('silent');
  expect(step(station({}), [verdict('credentials', '2026-01-01T11:00:00Z')], since).step).toBe('silent');
  const two = step(
    station({}),
    [
      verdict('credentials', '2026-01-01T12:01:00Z'),
      verdict('subprotocol', '2026-01-01T12:02:00Z'),
      verdict('frame', '2026-01-01T12:03:00Z'),
    ],
    since,
  );
  expect([two.step, two.verdict?.cause]).toEqual(['refused', 'subprotocol']);
  const connected = { connected: true, connectedSince: '2026-01-01T12:05:00Z' };
  expect(step(station(connected), [verdict('credentials', '2026-01-01T12:06:00Z')], since).step).toBe('open');
  expect(step(station({ ...connected, bootedAt: '2026-01-01T12:05:01Z' }), [], since).step).toBe('ready');
  expect(step(station({ ...connected, bootedAt: '2026-01-01T11:05:01Z' }), [], since).step).toBe('open');
  expect(step(station({ ...connected, state: 'pending' }), [], since).step).toBe('pending');
  expect(step(station({ ...connected, state: 'rejected' }), [], since).step).toBe('rejected');
});

test('a password is one that any station takes', () => {
  expect(makePassword()).toMatch(/^[a-zA-Z0-9]{24}$/);
  expect(makePassword()).not.toBe(makePassword());
});
