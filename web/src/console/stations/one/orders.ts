// What a station can be told by hand, what comes of it, and what has to be said with it.
import { client, must, type Schemas } from '../../../lib/api';
import { words } from '../../../lib/words';

const t = words({
  start: { sv: 'Starta laddning', en: 'Start charging' },
  startDoes: {
    sv: 'Stationen börjar ladda för kortet när en bil är inkopplad. Kortets ägare betalar.',
    en: 'The station begins to charge for the card when a car is plugged in. Whoever has the card pays.',
  },
  stop: { sv: 'Stoppa laddning', en: 'Stop charging' },
  stopDoes: {
    sv: 'Laddningen avslutas och kabeln släpps. Det som har laddats debiteras.',
    en: 'Charging ends and the cable is let go. What was charged is billed.',
  },
  unlock: { sv: 'Lås upp kabel', en: 'Unlock cable' },
  unlockDoes: {
    sv: 'Uttaget släpper kabeln. Pågår en laddning där avslutas den av många stationer.',
    en: 'The outlet lets go of the cable. Many stations end what is charging there.',
  },
  soft: { sv: 'Mjuk omstart', en: 'Soft restart' },
  softDoes: {
    sv: 'Stationen avslutar pågående laddningar ordnat och startar om. Den är borta i någon minut.',
    en: 'The station ends what is charging in good order and restarts. It is away for a minute or so.',
  },
  hard: { sv: 'Hård omstart', en: 'Hard restart' },
  hardDoes: {
    sv: 'Stationen startar om genast. Pågående laddningar bryts, och den är borta i någon minut.',
    en: 'The station restarts at once. What is charging is cut off, and it is away for a minute or so.',
  },
  on: { sv: 'Ta i drift', en: 'Take into service' },
  onDoes: { sv: 'Förare kan ladda här igen.', en: 'Drivers can charge here again.' },
  off: { sv: 'Ta ur drift', en: 'Take out of service' },
  offDoes: {
    sv: 'Ingen ny laddning kan börja. Den som pågår får ladda klart. Det gäller tills du tar det i drift igen.',
    en: 'No charging can begin. What goes on may end. It holds until you take it into service again.',
  },
  trigger: { sv: 'Be om ett meddelande', en: 'Ask for a message' },
  triggerDoes: {
    sv: 'Stationen berättar på nytt hur den har det. Ingen laddning påverkas.',
    en: 'The station tells anew how it is. Nothing that charges is touched.',
  },
  cache: { sv: 'Töm kortminnet', en: 'Clear cache of cards' },
  cacheDoes: {
    sv: 'Stationen glömmer vilka kort den har godkänt och frågar om varje kort på nytt.',
    en: 'The station forgets which cards it has accepted and asks about each of them again.',
  },
  log: { sv: 'Hämta logg', en: 'Fetch log' },
  logDoes: {
    sv: 'Stationen skickar sin logg hit. Den finns sedan under Program och loggar.',
    en: 'The station sends its log here. Find it under Firmware and logs.',
  },
  call: { sv: 'Skicka valfritt OCPP-meddelande', en: 'Send any OCPP message' },
  callDoes: {
    sv: 'För den som kan protokollet. Innehållet prövas mot stationens version innan det skickas, och inget annat prövas.',
    en: 'For those who know the protocol. The payload is checked against the version of the station before it is sent; nothing else is.',
  },
});

export type Answer = Schemas['AnswerView'];
export interface Said {
  evse: number;
  token: string;
  transaction: string;
  message: string;
  kind: string;
  action: string;
  payload: string;
}
export interface Order {
  key: string;
  title: string;
  does: string;
  asks: ('evse' | 'token' | 'transaction' | 'message' | 'kind' | 'call')[];
  needsEvse?: boolean;
  danger?: boolean; // the name of the station has to be typed
  disturbs?: boolean; // it may end what is charging
  group: 'charging' | 'station' | 'ask';
  give: (station: string, said: Said, headers: { 'X-Reason'?: string }) => Promise<Answer | { result: unknown }>;
}

const to = (station: string, headers: { 'X-Reason'?: string }) => ({ params: { path: { station } }, headers });
const some = (n: number) => n || undefined;

export const orders: Order[] = [
  {
    key: 'start', title: t('start'), does: t('startDoes'), asks: ['evse', 'token'], group: 'charging',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/start', { ...to(s, h), body: { evse: some(x.evse), token: x.token || undefined } })),
  },
  {
    key: 'stop', title: t('stop'), does: t('stopDoes'), asks: ['transaction'], disturbs: true, group: 'charging',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/stop', { ...to(s, h), body: { transaction: x.transaction || undefined } })),
  },
  {
    key: 'unlock', title: t('unlock'), does: t('unlockDoes'), asks: ['evse'], needsEvse: true, disturbs: true, group: 'charging',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/unlock', { ...to(s, h), body: { evse: x.evse } })),
  },
  {
    key: 'soft', title: t('soft'), does: t('softDoes'), asks: [], disturbs: true, group: 'station',
    give: (s, _, h) => must(client.POST('/api/v1/stations/{station}/reset', { ...to(s, h), body: { type: 'soft' } })),
  },
  {
    key: 'hard', title: t('hard'), does: t('hardDoes'), asks: [], danger: true, disturbs: true, group: 'station',
    give: (s, _, h) => must(client.POST('/api/v1/stations/{station}/reset', { ...to(s, h), body: { type: 'hard' } })),
  },
  {
    key: 'on', title: t('on'), does: t('onDoes'), asks: ['evse'], group: 'station',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/availability', { ...to(s, h), body: { evse: some(x.evse), operative: true } })),
  },
  {
    key: 'off', title: t('off'), does: t('offDoes'), asks: ['evse'], group: 'station',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/availability', { ...to(s, h), body: { evse: some(x.evse), operative: false } })),
  },
  {
    key: 'cache', title: t('cache'), does: t('cacheDoes'), asks: [], group: 'station',
    give: (s, _, h) => must(client.POST('/api/v1/stations/{station}/clear-cache', to(s, h))),
  },
  {
    key: 'trigger', title: t('trigger'), does: t('triggerDoes'), asks: ['message', 'evse'], group: 'ask',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/trigger', { ...to(s, h), body: { message: x.message as 'boot', evse: some(x.evse) } })),
  },
  {
    key: 'log', title: t('log'), does: t('logDoes'), asks: ['kind'], group: 'ask',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/logs', { ...to(s, h), body: { kind: x.kind as 'diagnostics' } })),
  },
  {
    key: 'call', title: t('call'), does: t('callDoes'), asks: ['call'], danger: true, disturbs: true, group: 'ask',
    give: (s, x, h) => must(client.POST('/api/v1/stations/{station}/calls', { ...to(s, h), body: { action: x.action, payload: JSON.parse(x.payload || '{}') as unknown } })),
  },
]; // prettier-ignore
