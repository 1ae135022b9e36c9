import { expect, test } from 'vitest';
import { ended, tally, total, type Campaign } from './bulk/words';
import { judge, sum } from './map/judge';
import { unwrapRing } from './map/unwrap';
import { outcomeWord, summary, type Station } from './words';

const station = (over: Partial<Station>): Station =>
  ({ state: 'accepted', connected: true, connectors: [], openFaults: 0, ...over }) as Station;

test('the worst that is so of a station is what it is called', () => {
  const outlet = (status: string) => ({ evse: 1, connector: 1, status, at: '' });
  expect(summary(station({ state: 'pending', connected: false })).tone).toBe('warn');
  expect(summary(station({ connected: false, openFaults: 3 })).tone).toBe('bad');
  expect(summary(station({ connectors: [outlet('charging'), outlet('faulted')] })).tone).toBe('bad');
  expect(summary(station({ openFaults: 2, connectors: [outlet('charging')] })).text).toContain('2');
  expect(summary(station({ connectors: [outlet('charging')] })).tone).toBe('info');
  expect(summary(station({ connectors: [outlet('unavailable')] })).tone).toBe('warn');
  expect(summary(station({ connectors: [outlet('available')] })).tone).toBe('good');
});

test('a word that is not known stands for itself', () => {
  expect(outcomeWord('something-new')).toBe('something-new');
});

test('the waves of a campaign are one count', () => {
  const c = {
    waves: [
      { stations: 1, states: { happened: 1 } },
      { stations: 10, states: { happened: 2, failed: 3, waiting: 4 } },
    ],
  } as unknown as Campaign;
  expect(tally(c)).toEqual({ happened: 3, failed: 3, waiting: 4 });
  expect([total(c), ended(c)]).toEqual([10, 6]);
});

test('a place is as its stations are together', () => {
  const of = (stations: number, offline: number, faulted: number, charging: number) => ({ stations, offline, faulted, charging });
  expect(judge(of(0, 0, 0, 0))).toBe('quiet');
  expect(judge(of(2, 2, 0, 0))).toBe('bad');
  expect(judge(of(2, 1, 0, 1))).toBe('warn');
  expect(judge(sum([of(2, 0, 0, 1), of(1, 0, 0, 0)]))).toBe('info');
  expect(judge(sum([of(2, 0, 0, 1), of(1, 0, 1, 0)]))).toBe('bad');
});

test('an outline goes on beyond the 180th meridian, and around the pole', () => {
  expect(unwrapRing([[170, 60], [179, 61], [-179, 62], [-170, 60], [170, 60]]).map((p) => p[0])).toEqual([170, 179, 181, 190, 170]); // prettier-ignore
  expect(unwrapRing([[-180, -70], [-60, -70], [60, -70], [180, -70]]).slice(-3)).toEqual([[180, -90], [-180, -90], [-180, -70]]); // prettier-ignore
});
