// What states, priorities and the rest of a fault are called.
import { words } from '../../lib/words';
import type { Schemas } from '../../lib/api';

export type Fault = Schemas['FaultView'];
export type Incident = Schemas['IncidentView'];
export type Severity = Fault['severity'];
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

export const severities: Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

export const severityText = words({
  critical: { sv: 'Kritiskt', en: 'Critical' },
  high: { sv: 'Högt', en: 'High' },
  medium: { sv: 'Medel', en: 'Medium' },
  low: { sv: 'Lågt', en: 'Low' },
  info: { sv: 'Notis', en: 'Note' },
});

export const severityTone: Record<Severity, Tone> = { critical: 'bad', high: 'bad', medium: 'warn', low: 'info', info: 'quiet' };

export const fixerText = words({
  driver: { sv: 'Föraren', en: 'The driver' },
  operator: { sv: 'Driften, på distans', en: 'The operator, from afar' },
  technician: { sv: 'En tekniker på plats', en: 'A technician on the spot' },
  grid: { sv: 'Elnätet', en: 'The grid' },
  vehicle: { sv: 'Bilen', en: 'The car' },
});

export const wayText = words({
  status: { sv: 'stationens status', en: 'the status of the station' },
  notice: { sv: 'händelse från stationen', en: 'an event of the station' },
  security: { sv: 'säkerhetshändelse', en: 'a security event' },
  vendor: { sv: 'tillverkarens eget meddelande', en: 'a message of the vendor’s own' },
  stop: { sv: 'varför en laddning slutade', en: 'why a charge ended' },
  transfer: { sv: 'överföring av en fil', en: 'the transfer of a file' },
  command: { sv: 'svar på en order', en: 'the answer to an order' },
  handshake: { sv: 'stationens anslutning', en: 'how the station connects' },
  watch: { sv: 'bevakningen här', en: 'what is watched here' },
  power: { sv: 'effektstyrningen', en: 'the control of power' },
  person: { sv: 'en person', en: 'a person' },
});

export const kindText = words({
  site: { sv: 'Samma fel på de flesta stationer på platsen', en: 'The same fault at most stations of the site' },
  power: { sv: 'Platsen tog för mycket effekt', en: 'The site took too much power' },
  station: { sv: 'En orsak vid flera uttag', en: 'One cause at several outlets' },
  firmware: { sv: 'Samma fel på många stationer med samma programvara', en: 'One fault at many stations of one firmware' },
});

export const doneText = words({
  opened: { sv: 'Uppstod', en: 'Opened' },
  reopened: { sv: 'Kom tillbaka', en: 'Came back' },
  cleared: { sv: 'Över', en: 'Over' },
  resolved: { sv: 'Löst', en: 'Resolved' },
  joined: { sv: 'Fler fel hör hit', en: 'More faults belong to it' },
  acknowledged: { sv: 'Kvitterat', en: 'Acknowledged' },
  shelved: { sv: 'Lagt åt sidan', en: 'Shelved' },
  unshelved: { sv: 'Tillbaka från hyllan', en: 'Taken from the shelf' },
  assigned: { sv: 'Tilldelat', en: 'Assigned' },
  commented: { sv: 'Kommentar', en: 'Comment' },
  severity: { sv: 'Ny prioritet', en: 'New priority' },
});

/** What was done, in words; a word of which none is known as it is. */
export const done = (what: string): string => {
  const known = [
    'opened',
    'reopened',
    'cleared',
    'resolved',
    'joined',
    'acknowledged',
    'shelved',
    'unshelved',
    'assigned',
    'commented',
    'severity',
  ];
  return known.includes(what) ? doneText(what as 'opened') : what;
};

const place = words({
  outlet: { sv: '{station}, uttag {evse}', en: '{station}, outlet {evse}' },
  site: { sv: 'Platsen {site}', en: 'Site {site}' },
  system: { sv: 'Systemet', en: 'The system' },
});

/** Where a fault or an incident is; names are those of sites by their ids. */
export function placeOf(x: { station?: string; evse?: number; site?: string }, names: Map<string, string>): string {
  if (x.station) return x.evse ? place('outlet', { station: x.station, evse: x.evse }) : x.station;
  return x.site ? place('site', { site: names.get(x.site) ?? x.site }) : place('system');
}

/** The names of sites by their ids. */
export const namesOf = (list: Schemas['SiteView'][] | undefined): Map<string, string> =>
  new Map((list ?? []).map((s) => [s.id, s.name || s.id]));
