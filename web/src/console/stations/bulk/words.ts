// Words of bulk changes.
import { words } from '../../../lib/words';
import type { Schemas } from '../../../lib/api';

export type Campaign = Schemas['CampaignView'];

const action = words({
  settings: { sv: 'Skriv inställningar', en: 'Write settings' },
  'read-settings': { sv: 'Läs inställningar', en: 'Read settings' },
  reset: { sv: 'Starta om', en: 'Restart' },
  firmware: { sv: 'Uppdatera program', en: 'Update firmware' },
  'local-list': { sv: 'Skicka lokal kortlista', en: 'Send the local list' },
  'install-certificate': { sv: 'Lita på en rot', en: 'Trust a root' },
  availability: { sv: 'Ta i eller ur drift', en: 'Take in or out of service' },
  trigger: { sv: 'Be om ett meddelande', en: 'Ask for a message' },
  'clear-cache': { sv: 'Töm kortminnet', en: 'Clear the cache of cards' },
});
export const actions = [
  'settings',
  'read-settings',
  'reset',
  'firmware',
  'local-list',
  'install-certificate',
  'availability',
  'trigger',
  'clear-cache',
] as const;
export const actionWord = (a: string): string => ((actions as readonly string[]).includes(a) ? action(a as 'reset') : a);

const does = words({
  settings: {
    sv: 'Inställningarna skrivs till varje station som har dem i sin version.',
    en: 'The settings are written to each station whose version has them.',
  },
  'read-settings': {
    sv: 'Varje station rapporterar alla sina inställningar. Ingen laddning påverkas.',
    en: 'Each station reports all of its settings. Nothing that charges is touched.',
  },
  reset: { sv: 'Varje station startar om och är borta i någon minut.', en: 'Each station restarts and is away for a minute or so.' },
  firmware: {
    sv: 'Varje station hämtar filen, installerar den och startar om. Under tiden kan ingen ladda.',
    en: 'Each station fetches the file, installs it and restarts. Nobody can charge meanwhile.',
  },
  'local-list': {
    sv: 'Varje station får de kort som den ska släppa in utan kontakt.',
    en: 'Each station gets the cards that it is to let charge while offline.',
  },
  'install-certificate': {
    sv: 'Varje station litar sedan på det som roten har signerat.',
    en: 'Each station then trusts what the root has signed.',
  },
  availability: {
    sv: 'Pågående laddningar får ta slut. Sedan gäller det tills du ändrar tillbaka.',
    en: 'What is charging may end. It then holds until you change it back.',
  },
  trigger: { sv: 'Varje station berättar på nytt hur den har det.', en: 'Each station tells anew how it is.' },
  'clear-cache': { sv: 'Varje station glömmer vilka kort den har godkänt.', en: 'Each station forgets which cards it has accepted.' },
});
export const actionDoes = (a: string): string => does(a as 'reset');

const state = words({
  running: { sv: 'pågår', en: 'under way' },
  paused: { sv: 'pausad', en: 'paused' },
  stopped: { sv: 'stoppad, för många misslyckades', en: 'stopped, too many failed' },
  done: { sv: 'klar', en: 'done' },
  cancelled: { sv: 'avbruten', en: 'cancelled' },
});
export const stateWord = (s: Campaign['state']): string => state(s);
export const stateTone = (s: Campaign['state']) =>
  (({ running: 'info', paused: 'warn', stopped: 'bad', done: 'good', cancelled: 'quiet' }) as const)[s];

/** How many stations are in which state, over all waves. */
export function tally(c: Campaign): Record<string, number> {
  const out: Record<string, number> = {};
  for (const w of c.waves ?? []) for (const [s, n] of Object.entries(w.states)) out[s] = (out[s] ?? 0) + n;
  return out;
}
export const total = (c: Campaign): number => c.waves?.at(-1)?.stations ?? 0;
export const ended = (c: Campaign): number => {
  const n = tally(c);
  return (n.happened ?? 0) + (n.failed ?? 0) + (n.unknown ?? 0) + (n.skipped ?? 0);
};
