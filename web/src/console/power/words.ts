// Words of power that several screens use.
import type { Schemas } from '../../lib/api';
import { number } from '../../lib/format';
import { language, words } from '../../lib/words';

export type Sharing = Schemas['Sharing'];
export type NodeView = Schemas['NodeView'];
export type BayView = Schemas['BayView'];
export type Glance = Schemas['Glance'];
export type Tree = Schemas['Grid'];
export type Mode = Sharing['mode'];

export const t = words({
  off: { sv: 'Styrs inte', en: 'Not controlled' },
  watch: { sv: 'Räknar bara', en: 'Watching only' },
  on: { sv: 'Styrs', en: 'Controlled' },
  none: { sv: 'Inga gränser', en: 'No limits' },
  refused: { sv: 'Stationen vägrar', en: 'The station refuses' },
  'no-answer': { sv: 'Inget svar', en: 'No answer' },
  'not-applied': { sv: 'Tar emot men tillämpar inte', en: 'Accepts, does not apply' },
  'not-following': { sv: 'Bilen tar mer', en: 'The car takes more' },
  unverified: { sv: 'inte kontrollerad', en: 'not checked yet' },
  verified: { sv: 'kontrollerad', en: 'checked' },
  believed: { sv: 'mottagen', en: 'accepted' },
  differs: { sv: 'stationen säger annat', en: 'the station says otherwise' },
  'safe-refused': { sv: 'vägrad', en: 'refused' },
  metered: { sv: 'enligt mätaren', en: 'by the meter' },
  stated: { sv: 'enligt gränserna', en: 'as the limits say' },
  highest: { sv: 'högsta på sex timmar, mätaren är tyst', en: 'highest of six hours, the meter is silent' },
});

export const modeTone = (m?: Mode) => (m === 'on' ? 'good' : m === 'watch' ? 'info' : 'quiet');

/** Why an EVSE gets what it gets, in the language of the screens. */
export const why = (x: BayView): string => x.why?.[language] ?? '';

/** Amperes, the highest of the phases where they differ. */
export const most = (list: readonly number[] | null | undefined): number => Math.max(0, ...(list ?? []));

export const ampere = (a: number): string => `${number(a, Math.abs(a) < 100 && a % 1 ? 1 : 0)} A`;

/** How much of a limit is used at most, of its phases and its power; undefined where it has none. */
export function used(x: { limitA: number[] | null; measuredA: number[] | null; limitW?: number; measuredW: number }): number | undefined {
  const parts = (x.limitA ?? []).flatMap((limit, i) =>
    limit >= 0 ? [limit ? (x.measuredA?.[i] ?? 0) / limit : (x.measuredA?.[i] ?? 0) > 0 ? 9 : 0] : [],
  );
  if (x.limitW) parts.push(x.measuredW / x.limitW);
  return parts.length ? Math.max(...parts) : undefined;
}
