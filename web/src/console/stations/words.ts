// Words that several screens of stations share.
import { words } from '../../lib/words';
import type { Schemas } from '../../lib/api';

export type Station = Schemas['StationView'];
type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

const status = words({
  available: { sv: 'ledig', en: 'free' },
  occupied: { sv: 'upptagen', en: 'occupied' },
  preparing: { sv: 'kabel i', en: 'plugged in' },
  charging: { sv: 'laddar', en: 'charging' },
  'suspended-ev': { sv: 'pausad av bilen', en: 'paused by the car' },
  'suspended-evse': { sv: 'pausad av stationen', en: 'paused by the station' },
  finishing: { sv: 'klar, kabel i', en: 'done, still plugged in' },
  reserved: { sv: 'bokad', en: 'reserved' },
  unavailable: { sv: 'avstängd', en: 'out of service' },
  faulted: { sv: 'fel', en: 'faulted' },
});
export const statuses = [
  'available',
  'occupied',
  'preparing',
  'charging',
  'suspended-ev',
  'suspended-evse',
  'finishing',
  'reserved',
  'unavailable',
  'faulted',
] as const;

export const statusWord = (s: string): string => ((statuses as readonly string[]).includes(s) ? status(s as (typeof statuses)[number]) : s);
export const statusTone = (s: string): Tone =>
  s === 'faulted' ? 'bad' : s === 'unavailable' ? 'warn' : s === 'charging' ? 'info' : s === 'available' ? 'good' : 'quiet';

const state = words({
  accepted: { sv: 'i drift', en: 'in service' },
  pending: { sv: 'väntar på godkännande', en: 'waits to be accepted' },
  rejected: { sv: 'avvisad', en: 'rejected' },
});
export const states = ['accepted', 'pending', 'rejected'] as const;
export const stateWord = (s: string): string => (s in { accepted: 1, pending: 1, rejected: 1 } ? state(s as 'accepted') : s);

const said = words({
  offline: { sv: 'Ingen kontakt', en: 'Offline' },
  never: { sv: 'Aldrig ansluten', en: 'Never connected' },
  pending: { sv: 'Väntar på godkännande', en: 'Waits to be accepted' },
  rejected: { sv: 'Avvisad', en: 'Rejected' },
  fault: { sv: 'Fel', en: 'Faulted' },
  faults: { sv: '{n} öppna fel', en: '{n} open faults' },
  one: { sv: '1 öppet fel', en: '1 open fault' },
  off: { sv: 'Avstängd', en: 'Out of service' },
  charging: { sv: 'Laddar', en: 'Charging' },
  fine: { sv: 'Uppkopplad', en: 'Online' },
});

/** The state of a station in one word, the worst first. */
export function summary(s: Station): { tone: Tone; text: string } {
  const has = (x: string) => s.connectors.some((c) => c.status === x);
  if (s.state !== 'accepted') return { tone: s.state === 'pending' ? 'warn' : 'quiet', text: said(s.state as 'pending') };
  if (!s.connected) return { tone: 'bad', text: s.seenAt ? said('offline') : said('never') };
  if (has('faulted')) return { tone: 'bad', text: said('fault') };
  if (s.openFaults) return { tone: 'warn', text: s.openFaults === 1 ? said('one') : said('faults', { n: s.openFaults }) };
  if (has('charging')) return { tone: 'info', text: said('charging') };
  if (s.connectors.length && s.connectors.every((c) => c.status === 'unavailable')) return { tone: 'warn', text: said('off') };
  return { tone: 'good', text: said('fine') };
}

const outcome = words({
  sent: { sv: 'skickat, väntar på svar', en: 'sent, no answer yet' },
  accepted: { sv: 'stationen säger ja', en: 'the station says yes' },
  happened: { sv: 'utfört', en: 'done' },
  failed: { sv: 'gick inte', en: 'failed' },
  rejected: { sv: 'stationen säger nej', en: 'the station says no' },
  unknown: { sv: 'okänt', en: 'unknown' },
  waiting: { sv: 'väntar', en: 'waiting' },
  running: { sv: 'pågår', en: 'under way' },
  skipped: { sv: 'överhoppad', en: 'passed over' },
  scheduled: { sv: 'görs senare', en: 'will be done later' },
  'reboot-required': { sv: 'kräver omstart', en: 'needs a restart' },
  unsupported: { sv: 'stationen kan inte', en: 'the station cannot' },
  empty: { sv: 'inget att rapportera', en: 'nothing to report' },
  unchanged: { sv: 'var redan så', en: 'was so already' },
  'read-only': { sv: 'kan inte ändras', en: 'cannot be changed' },
  differs: { sv: 'sade ja, men har ett annat värde', en: 'said yes, but has another value' },
  unanswered: { sv: 'inget svar', en: 'no answer' },
});
export const outcomeWord = (o: string): string => {
  try {
    return outcome(o as 'sent');
  } catch {
    return o;
  }
};
export const outcomeTone = (o: string): Tone =>
  ['happened', 'accepted', 'unchanged'].includes(o)
    ? 'good'
    : ['failed', 'rejected', 'unsupported', 'read-only'].includes(o)
      ? 'bad'
      : ['unknown', 'differs', 'unanswered', 'reboot-required'].includes(o)
        ? 'warn'
        : ['sent', 'running', 'scheduled'].includes(o)
          ? 'info'
          : 'quiet';
