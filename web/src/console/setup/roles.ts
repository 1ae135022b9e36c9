// What roles, areas and rights are called.
import { client, must, type Schemas } from '../../lib/api';
import { words } from '../../lib/words';

export type Grant = Schemas['Grant'];
export type Role = Grant['role'];
export const roles: Role[] = ['viewer', 'operator', 'technician', 'finance', 'admin'];

const role = words({
  viewer: { sv: 'Läsare', en: 'Viewer' },
  operator: { sv: 'Driftansvarig', en: 'Operator' },
  technician: { sv: 'Tekniker', en: 'Technician' },
  finance: { sv: 'Ekonomi', en: 'Finance' },
  admin: { sv: 'Administratör', en: 'Administrator' },
});
const aim = words({
  viewer: { sv: 'Ser hur allt går, utan kunder och pengar.', en: 'Sees how things are, without customers and money.' },
  operator: { sv: 'Sköter laddstationerna och hjälper förare.', en: 'Runs the stations, and helps drivers.' },
  technician: { sv: 'Arbetar med laddstationerna på plats.', en: 'Works on the stations where they are.' },
  finance: { sv: 'Sköter kunder, priser, fakturor och betalningar.', en: 'Looks after customers, prices, invoices and payments.' },
  admin: { sv: 'Får göra allt, och bestämmer vem som får vad.', en: 'May do everything, and says who may do what.' },
});
const area = words({
  stations: { sv: 'Laddstationer', en: 'Stations' },
  faults: { sv: 'Fel och larm', en: 'Faults' },
  power: { sv: 'Effekt', en: 'Power' },
  charging: { sv: 'Laddningar', en: 'Charging' },
  customers: { sv: 'Kunder och kort', en: 'Customers and cards' },
  tariffs: { sv: 'Priser', en: 'Tariffs' },
  money: { sv: 'Pengar', en: 'Money' },
  setup: { sv: 'Systemet', en: 'The system' },
  users: { sv: 'Användare', en: 'Users' },
  audit: { sv: 'Ändringslogg', en: 'Trail of changes' },
});
const verb = words({
  see: { sv: 'ser', en: 'sees' },
  act: { sv: 'ser och ingriper', en: 'sees and acts' },
  change: { sv: 'ändrar', en: 'changes' },
});

export const areas = ['stations', 'faults', 'power', 'charging', 'customers', 'tariffs', 'money', 'setup', 'users', 'audit'] as const;
export const roleName = (r: string): string => role(r as Role);
export const roleAim = (r: string): string => aim(r as Role);
export const areaName = (a: string): string => area(a as (typeof areas)[number]);
export const verbName = (v: string): string => verb(v as 'see' | 'act' | 'change');

/** The names of all sites that may be seen, by their ids. */
export async function siteNames(): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const page = await must(client.GET('/api/v1/sites', { params: { query: { limit: 1000, cursor } } }));
    for (const s of page.items) names.set(s.id, s.name || s.id);
    cursor = page.next;
  } while (cursor);
  return names;
}
