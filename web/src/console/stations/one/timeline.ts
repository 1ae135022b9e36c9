// What happened at a station: events, commands and messages, put together in the order of time.
import { client, must, type Schemas } from '../../../lib/api';
import { Endless, type Page } from '../../../lib/endless.svelte';
import { energy, exact, money } from '../../../lib/format';
import { byTime } from '../../../lib/order';
import { words } from '../../../lib/words';
import { outcomeTone, outcomeWord, statusTone, statusWord } from '../words';
import { toldWord } from './told';

export type Source = 'connection' | 'status' | 'command' | 'fault' | 'charging' | 'payment' | 'other' | 'message';
export interface Moment {
  key: string;
  at: string;
  source: Source;
  title: string;
  detail?: string;
  text: string; // all of it, for a file
  tone: 'good' | 'warn' | 'bad' | 'info' | 'quiet';
  by?: string;
  href?: string;
}
type Happening = Schemas['Event'];

const t = words({
  booted: { sv: 'Stationen startade', en: 'The station booted' },
  registered: { sv: 'Stationen lades till', en: 'The station was added' },
  changed: { sv: 'Stationens uppgifter ändrades', en: 'The station was changed' },
  connected: { sv: 'Kopplade upp sig', en: 'Connected' },
  disconnected: { sv: 'Förbindelsen bröts', en: 'Disconnected' },
  outlet: { sv: 'Uttag {n}', en: 'Outlet {n}' },
  whole: { sv: 'Hela stationen', en: 'The whole station' },
  'transaction.started': { sv: 'Laddning började', en: 'Charging began' },
  'transaction.ended': { sv: 'Laddning slutade', en: 'Charging ended' },
  'transaction.finished': { sv: 'Laddning är slutförd', en: 'Charging is complete' },
  'transaction.unplugged': { sv: 'Kabeln drogs ur', en: 'The cable was unplugged' },
  'transaction.review': { sv: 'Laddning ska granskas', en: 'Charging is to be reviewed' },
  'fault.opened': { sv: 'Fel öppnades', en: 'A fault was opened' },
  'fault.reopened': { sv: 'Fel kom tillbaka', en: 'A fault came back' },
  'fault.cleared': { sv: 'Fel är över', en: 'A fault is over' },
  'token.used': { sv: 'Kort användes', en: 'A card was used' },
  'charge-record.issued': { sv: 'Laddningen debiterades', en: 'Charging was billed' },
  'station.transfer': { sv: 'Filöverföring', en: 'File transfer' },
  'security.event': { sv: 'Säkerhetshändelse', en: 'Security event' },
  'settings.reported': { sv: 'Inställningar lästa', en: 'Settings were read' },
  'settings.drift': { sv: 'Inställningar avviker från mallen', en: 'Settings differ from the template' },
  'station.notice': { sv: 'Händelse i stationen', en: 'Event in the station' },
  'station.verdict': { sv: 'Släpptes inte in', en: 'Was not let in' },
  'station.checked': { sv: 'Driftsättningen kontrollerades', en: 'Commissioning was checked' },
  'station.password': { sv: 'Lösenordet byttes', en: 'The password was changed' },
  'station.security-profile': { sv: 'Säkerhetsprofilen byttes', en: 'The security profile was changed' },
  'station.local-list': { sv: 'Lokal kortlista skickades', en: 'Local list was sent' },
  'token.suspicious': { sv: 'Kort används misstänkt', en: 'A card is used in a suspicious way' },
  'checkout.paying': { sv: 'Gäst betalar', en: 'A guest pays' },
  'checkout.paid': { sv: 'Gäst har betalat', en: 'A guest has paid' },
  'checkout.starting': { sv: 'Startas åt gäst', en: 'Is started for a guest' },
  'checkout.plug-in': { sv: 'Väntar på gästens bil', en: 'Waits for the car of a guest' },
  'checkout.charging': { sv: 'Gäst laddar', en: 'A guest charges' },
  'checkout.ended': { sv: 'Gäst är klar, regleras', en: 'A guest is done, being settled' },
  'checkout.settled': { sv: 'Gäst har fått kvitto', en: 'A guest has the receipt' },
  'checkout.cancelled': { sv: 'Gästens köp avbröts', en: 'The purchase of a guest was cancelled' },
  'checkout.failed': { sv: 'Gästens köp gick inte', en: 'The purchase of a guest failed' },
  'checkout.refused': { sv: 'Gäst nekades', en: 'A guest was refused' },
  'checkout.limit-near': { sv: 'Gäst är nära sitt belopp', en: 'A guest is near the amount paid for' },
  'checkout.limit-stop': { sv: 'Gäst stoppades vid sitt belopp', en: 'A guest was stopped at the amount paid for' },
  'checkout.stop-failed': { sv: 'Gäst gick inte att stoppa', en: 'A guest could not be stopped' },
  'reservation.active': { sv: 'Uttag bokades', en: 'An outlet was reserved' },
  'reservation.expired': { sv: 'Bokning gick ut', en: 'A reservation expired' },
  'reservation.used': { sv: 'Bokning användes', en: 'A reservation was used' },
  'reservation.cancelled': { sv: 'Bokning avbokades', en: 'A reservation was cancelled' },
  'remedy.changed': { sv: 'Automatisk åtgärd', en: 'Remedy' },
  'remedy.handed-over': { sv: 'Automatisk åtgärd lämnades över', en: 'A remedy was handed over' },
  'incident.opened': { sv: 'Händelse öppnades', en: 'An incident was opened' },
  'incident.changed': { sv: 'Händelse ändrades', en: 'An incident was changed' },
  'incident.resolved': { sv: 'Händelse är över', en: 'An incident is over' },
  'fault.changed': { sv: 'Fel ändrades', en: 'A fault was changed' },
  'certificate.issued': { sv: 'Certifikat utfärdades', en: 'A certificate was issued' },
  'certificate.delivered': { sv: 'Certifikat levererades', en: 'A certificate was delivered' },
  'certificate.expiring': { sv: 'Certifikat går snart ut', en: 'A certificate ends soon' },
  'certificate.revoked': { sv: 'Certifikat spärrades', en: 'A certificate was revoked' },
  'cost.differs': { sv: 'Stationens kostnad avviker', en: 'The cost of the station differs' },
  'payment.settlement': { sv: 'Terminalen redovisade', en: 'The terminal settled' },
  'profile.installed': { sv: 'Laddprofil sattes', en: 'A charging profile was set' },
  'profile.updated': { sv: 'Laddprofil ändrades', en: 'A charging profile was changed' },
  'profile.cleared': { sv: 'Laddprofil togs bort', en: 'A charging profile was removed' },
  'profile.missing': { sv: 'Laddprofil saknas i stationen', en: 'A charging profile is missing in the station' },
  'profile.reported': { sv: 'Laddprofiler lästes', en: 'Charging profiles were read' },
});

function title(kind: string): string {
  try {
    return t(kind as 'booted');
  } catch {
    return kind;
  }
}

const fact = words({
  evse: { sv: 'uttag', en: 'outlet' },
  token: { sv: 'kort', en: 'card' },
  type: { sv: 'slag', en: 'kind' },
  stopReason: { sv: 'slutade för', en: 'ended by' },
  reason: { sv: 'skäl', en: 'reason' },
  number: { sv: 'nummer', en: 'number' },
  code: { sv: 'kod', en: 'code' },
  severity: { sv: 'prioritet', en: 'severity' },
  status: { sv: 'läge', en: 'status' },
  name: { sv: 'namn', en: 'name' },
  case: { sv: 'ärende', en: 'case' },
  vendor: { sv: 'tillverkare', en: 'vendor' },
  model: { sv: 'modell', en: 'model' },
  firmware: { sv: 'program', en: 'firmware' },
  version: { sv: 'version', en: 'version' },
  site: { sv: 'plats', en: 'site' },
});
function factWord(k: string): string {
  try {
    return fact(k as 'evse');
  } catch {
    return k;
  }
}

/** What says nothing to a person, or is said already. */
const unsaid = ['powerW', 'state', 'activity', 'connector', 'account', 'record', 'seq', 'amount', 'currency'];
const anID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{4})([0-9a-f]{8})\b/g;
const aTime = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;

/** The values of an event that say something to a person: an id of ours does not. */
function facts(data: unknown): string {
  if (typeof data !== 'object' || data === null) return '';
  return Object.entries(data)
    .filter(([k, v]) => ['string', 'number'].includes(typeof v) && v !== '' && !unsaid.includes(k) && !String(v).match(anID))
    .map(([k, v]) => `${factWord(k)}: ${aTime.test(String(v)) ? exact(String(v)) : String(v)}`)
    .join(', ');
}

function ofEvent(e: Happening): Moment | undefined {
  const d = (e.data ?? {}) as Record<string, string | number | undefined>;
  const word = e.kind.split('.')[0];
  const base = { key: `e${e.seq}`, at: e.at };
  const make = (source: Source, title: string, detail: string, tone: Moment['tone'] = 'quiet', href?: string): Moment => ({
    ...base, source, title, detail, tone, href, text: [title, detail].filter(Boolean).join(' '),
  }); // prettier-ignore
  if (e.kind === 'station.command') return undefined; // commands tell of themselves
  if (e.kind === 'connector.status' || e.kind === 'station.vendor-status') {
    const status = String(d.status ?? '');
    const place = d.evse ? t('outlet', { n: d.evse }) : t('whole');
    const rest = [d.errorCode, d.vendorErrorCode, d.info].filter((x) => x && x !== 'NoError').join(' · ');
    return make('status', `${place}: ${statusWord(status)}`, rest, statusTone(status));
  }
  if (e.kind === 'station.notice') {
    const variable = [d.component, d.variable].filter(Boolean).join('.');
    return make(
      'other',
      title(e.kind),
      [facts({ evse: d.evse, techCode: d.techCode, techInfo: d.techInfo }), `${variable}: ${d.value}`].filter(Boolean).join(', '),
    );
  }
  if (e.kind === 'station.booted') return make('connection', t('booted'), facts(d), 'info');
  if (e.kind === 'station.registered') return make('connection', t('registered'), facts(d), 'info');
  if (e.kind === 'station.changed') return make('other', t('changed'), facts(d));
  if (word === 'transaction' || word === 'charge-record' || word === 'reservation' || word === 'cost') {
    const kwh = typeof d.energyWh === 'number' && d.energyWh > 0 ? energy(d.energyWh) : '';
    const price = typeof d.amount === 'number' && typeof d.currency === 'string' ? money(d.amount, d.currency) : '';
    const href = word === 'transaction' ? `/transactions/${e.subject}` : undefined;
    return make(
      'charging',
      title(e.kind),
      [kwh, price, facts({ ...d, energyWh: '' })].filter(Boolean).join(', '),
      word === 'transaction' ? 'info' : 'quiet',
      href,
    );
  }
  if (word === 'payment' || word === 'checkout') {
    const amount = typeof d.amount === 'number' && typeof d.currency === 'string' ? money(d.amount, d.currency) : '';
    return make(
      'payment',
      title(e.kind),
      [amount, facts({ ...d, amount: '' })].filter(Boolean).join(', '),
      'quiet',
      word === 'payment' ? `/payments/${e.subject}` : typeof d.transaction === 'string' ? `/transactions/${d.transaction}` : undefined,
    );
  }
  if (['fault', 'incident', 'remedy'].includes(word!)) {
    const tone = e.kind.endsWith('.cleared') || e.kind.endsWith('.resolved') ? 'good' : e.kind.endsWith('opened') ? 'bad' : 'quiet';
    const to = { fault: 'faults', incident: 'incidents', remedy: 'remedies' }[word as 'fault'];
    return make('fault', title(e.kind), facts(d), tone, `/${to}/${e.subject}`);
  }
  return make('other', title(e.kind), facts(d), word === 'security' ? 'warn' : 'quiet');
}

const ofCommand = (c: Schemas['CommandView']): Moment => {
  const detail = [outcomeWord(c.outcome), c.detail?.replaceAll(anID, '…$2')].filter(Boolean).join(': ');
  const name = toldWord(c);
  return {
    key: 'c' + c.id,
    at: c.at,
    source: 'command',
    title: name,
    detail,
    tone: outcomeTone(c.outcome),
    by: c.by,
    text: `${name} ${detail}`,
  };
};

function ofMessage(m: Schemas['MessageView']): Moment {
  const key = 'm' + m.id;
  if (m.type === 0 && m.action) {
    const title = t(m.action as 'connected');
    return {
      key,
      at: m.at,
      source: 'connection',
      title,
      detail: m.text,
      tone: m.action === 'connected' ? 'good' : 'warn',
      text: `${title} ${m.text}`,
    };
  }
  const title = `${m.direction === 'in' ? '←' : '→'} ${m.action ?? ''}`;
  return { key, at: m.at, source: 'message', title, detail: m.text.slice(0, 300), tone: m.type === 4 ? 'bad' : 'quiet', text: m.text };
}

/** One of what is put together: it knows how far it was read. */
class Stream {
  waiting: Moment[] = [];
  private cursor?: string;
  private whole = false;

  constructor(private readonly fetchPage: (cursor?: string) => Promise<Page<Moment>>) {}

  /** The newest that was not taken; undefined at the end. */
  async first(): Promise<Moment | undefined> {
    while (!this.waiting.length && !this.whole) {
      const page = await this.fetchPage(this.cursor);
      this.waiting = page.items ?? [];
      this.cursor = page.next;
      this.whole = !page.next;
    }
    return this.waiting[0];
  }
}

/** What happened at a station, of the kinds that are shown, the newest first. */
export function merged(station: string, shown: Source[]): Endless<Moment> {
  const at = { path: { station } };
  const limit = 100;
  const only = (list: (Moment | undefined)[]) => list.filter((m): m is Moment => !!m && shown.includes(m.source));
  const sources = () => {
    const out: Stream[] = [
      new Stream(async (cursor) => {
        const p = await must(client.GET('/api/v1/stations/{station}/events', { params: { ...at, query: { cursor, limit } } }));
        return { items: only((p.items ?? []).map(ofEvent)), next: p.next };
      }),
    ];
    if (shown.includes('command'))
      out.push(
        new Stream(async (cursor) => {
          const p = await must(client.GET('/api/v1/stations/{station}/commands', { params: { ...at, query: { cursor, limit } } }));
          return { items: only((p.items ?? []).map(ofCommand)), next: p.next };
        }),
      );
    const actions = shown.includes('message') ? [undefined] : shown.includes('connection') ? ['connected', 'disconnected'] : [];
    for (const action of actions)
      out.push(
        new Stream(async (cursor) => {
          const p = await must(client.GET('/api/v1/stations/{station}/messages', { params: { ...at, query: { action, cursor, limit } } }));
          return { items: only((p.items ?? []).map(ofMessage)), next: p.next };
        }),
      );
    return out;
  };
  const first = sources();
  let begun = false;
  return new Endless<Moment>(async (cursor) => {
    const mine = cursor || !begun ? first : sources(); // to look for what is new one begins anew
    begun = true;
    const items: Moment[] = [];
    for (;;) {
      const heads = await Promise.all(mine.map((s) => s.first()));
      let newest = -1;
      heads.forEach((h, i) => {
        if (h && (newest < 0 || byTime(h.at, heads[newest]!.at) > 0)) newest = i;
      });
      if (newest < 0) return { items };
      items.push(mine[newest]!.waiting.shift()!);
      if (items.length >= 60) return { items, next: 'more' };
    }
  });
}
