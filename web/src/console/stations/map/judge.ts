// How a place is, all of its stations together.
import { words } from '../../../lib/words';

export interface Counts {
  stations: number;
  offline: number;
  faulted: number;
  charging: number;
}
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

const t = words({
  bad: { sv: 'fel eller allt utan kontakt', en: 'faulted, or all offline' },
  warn: { sv: 'delvis utan kontakt', en: 'partly offline' },
  info: { sv: 'laddar', en: 'charging' },
  good: { sv: 'uppkopplad', en: 'online' },
  quiet: { sv: 'inga stationer', en: 'no stations' },
});
export const stateWord = (tone: Tone): string => t(tone);

export function judge(c: Counts): Tone {
  if (!c.stations) return 'quiet';
  if (c.faulted || c.offline === c.stations) return 'bad';
  if (c.offline) return 'warn';
  return c.charging ? 'info' : 'good';
}

export const sum = (list: Counts[]): Counts =>
  list.reduce(
    (a, b) => ({
      stations: a.stations + b.stations,
      offline: a.offline + b.offline,
      faulted: a.faulted + b.faulted,
      charging: a.charging + b.charging,
    }),
    {
      stations: 0,
      offline: 0,
      faulted: 0,
      charging: 0,
    },
  );
