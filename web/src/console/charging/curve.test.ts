import { render, screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import Curve from './Curve.svelte';

const register = (at: string, milli: number) => ({ at, milli, measurand: 'energy-import' as const });

test('a charge whose readings were thinned out says why there is no curve', () => {
  const samples = [register('2026-01-02T10:00:00Z', 0), register('2026-01-02T11:00:00Z', 7_000_000)];
  const { unmount } = render(Curve, { samples: [], thinned: undefined });
  expect(screen.getByText(/^No readings have come yet/)).toBeTruthy();
  unmount();
  render(Curve, { samples, thinned: '2027-03-04T05:00:00Z' });
  expect(screen.getByText(/thinned out on 4 Mar 2027, as set by --meter-days\. The bill does not depend on it\.$/)).toBeTruthy();
  expect(screen.queryByRole('img')).toBeNull();
  expect(screen.queryByText(/readings? ha/)).toBeNull();
});
