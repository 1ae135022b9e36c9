// What runs of remedies and their steps are called.
import { words } from '../../lib/words';
import type { Schemas } from '../../lib/api';
import type { Tone } from './words';

export type RunView = Schemas['RemedyView'];

export const runText = words({
  running: { sv: 'Pågår', en: 'Running' },
  paused: { sv: 'Pausad', en: 'Paused' },
  helped: { sv: 'Hjälpte', en: 'Helped' },
  over: { sv: 'Gick över ändå', en: 'Went by itself' },
  'handed-over': { sv: 'Överlämnad till en person', en: 'Handed over to a person' },
  cancelled: { sv: 'Avbruten', en: 'Cancelled' },
});
export const runTone: Record<RunView['state'], Tone> = {
  running: 'info',
  paused: 'warn',
  helped: 'good',
  over: 'quiet',
  'handed-over': 'warn',
  cancelled: 'quiet',
};

export const stepText = words({
  waiting: { sv: 'Väntar på sin tur', en: 'Waits for its turn' },
  sending: { sv: 'Skickas', en: 'Is sent' },
  watching: { sv: 'Gjort, väntar på om det hjälper', en: 'Done, waits whether it helps' },
  helped: { sv: 'Hjälpte', en: 'Helped' },
  'no-help': { sv: 'Hjälpte inte', en: 'Did not help' },
  refused: { sv: 'Stationen vägrade', en: 'The station refused' },
  skipped: { sv: 'Hoppades över', en: 'Passed over' },
  dropped: { sv: 'Behövdes inte', en: 'Not needed' },
  done: { sv: 'Gjort', en: 'Done' },
});
export const stepTone: Record<RunView['steps'][number]['state'], Tone> = {
  waiting: 'info',
  sending: 'info',
  watching: 'info',
  helped: 'good',
  'no-help': 'quiet',
  refused: 'warn',
  skipped: 'quiet',
  dropped: 'quiet',
  done: 'good',
};

export const modeText = words({
  off: { sv: 'Av', en: 'Off' },
  'dry-run': { sv: 'På prov', en: 'Dry run' },
  on: { sv: 'På', en: 'On' },
});

export const actionText = words({
  'tell-driver': { sv: 'tipsa föraren', en: 'a hint to the driver' },
  wait: { sv: 'vänta', en: 'waiting' },
  'ask-status': { sv: 'fråga stationen om läget', en: 'asking the station for its state' },
  unlock: { sv: 'låsa upp kontakten', en: 'unlocking the connector' },
  'soft-reset': { sv: 'mjuk omstart', en: 'a soft reset' },
  'hard-reset': { sv: 'hård omstart', en: 'a hard reset' },
  'clear-cache': { sv: 'tömma stationens kortminne', en: 'clearing the station’s cache of cards' },
  'lower-power': { sv: 'ge mindre effekt', en: 'giving less power' },
  'retry-order': { sv: 'ge ordern igen', en: 'giving the order again' },
  'set-clock': { sv: 'ställa klockan', en: 'setting the clock' },
  'renew-certificate': { sv: 'förnya certifikatet', en: 'renewing the certificate' },
  'take-out': { sv: 'ta uttaget ur drift', en: 'taking the outlet out of service' },
  'hand-over': { sv: 'lämna över till en person', en: 'handing it over to a person' },
});

export const classText = words({
  reseat: { sv: 'Kontakten sitter inte i', en: 'The plug is not in' },
  unlock: { sv: 'Låset har fastnat', en: 'The lock is stuck' },
  restart: { sv: 'Omstart hjälper', en: 'A restart helps' },
  reconnect: { sv: 'Kontakten är bruten', en: 'The connection is gone' },
  'cool-down': { sv: 'Vänta ut det', en: 'Wait it out' },
  'lower-power': { sv: 'För mycket effekt', en: 'Too much power' },
  retry: { sv: 'En order misslyckades', en: 'An order failed' },
  'set-clock': { sv: 'Klockan går fel', en: 'The clock is wrong' },
  'take-out': { sv: 'Farligt att använda', en: 'Not safe to use' },
  'renew-certificate': { sv: 'Certifikatet går ut', en: 'The certificate ends' },
  technician: { sv: 'Tekniker behövs', en: 'A technician is needed' },
});
const classes = [
  'reseat',
  'unlock',
  'restart',
  'reconnect',
  'cool-down',
  'lower-power',
  'retry',
  'set-clock',
  'take-out',
  'renew-certificate',
  'technician',
] as const;
export const className = (c: string): string => (classes.includes(c as 'retry') ? classText(c as 'retry') : c);
export const actionName = (a: string): string => {
  try {
    return actionText(a as 'wait');
  } catch {
    return a;
  }
};
export { classes };
