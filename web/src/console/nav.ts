// The way to the screens: by part, with the right that is needed to see anything there.
import {
  Activity,
  BadgeEuro,
  ChartColumn,
  CreditCard,
  FileText,
  History,
  House,
  Map as MapIcon,
  MapPin,
  Plug,
  ReceiptText,
  Settings,
  TriangleAlert,
  UserCog,
  Users,
  Wrench,
} from '@lucide/svelte';
import { words } from '../lib/words';

const t = words({
  overview: { sv: 'Översikt', en: 'Overview' },
  faults: { sv: 'Fel', en: 'Faults' },
  stations: { sv: 'Laddstationer', en: 'Stations' },
  map: { sv: 'Karta', en: 'Map' },
  campaigns: { sv: 'Massåtgärder', en: 'Bulk changes' },
  sites: { sv: 'Platser och effekt', en: 'Sites and power' },
  transactions: { sv: 'Laddningar', en: 'Charging' },
  review: { sv: 'Att granska', en: 'To review' },
  customers: { sv: 'Kunder och kort', en: 'Customers and cards' },
  tariffs: { sv: 'Priser', en: 'Tariffs' },
  payments: { sv: 'Betalningar', en: 'Payments' },
  invoices: { sv: 'Fakturor och bokföring', en: 'Invoices and ledger' },
  reports: { sv: 'Rapporter', en: 'Reports' },
  users: { sv: 'Användare', en: 'Users' },
  audit: { sv: 'Ändringslogg', en: 'Trail of changes' },
  settings: { sv: 'Inställningar', en: 'Settings' },
});

export interface Place {
  path: string;
  title: string;
  icon: typeof House;
  area: string; // of which something may be seen
  keys: string; // typed one after the other: g and this
  parts?: string[]; // other paths of what is below it
}

export const places: Place[] = [
  { path: '/', title: t('overview'), icon: House, area: 'stations', keys: 'o' },
  {
    path: '/faults',
    title: t('faults'),
    icon: TriangleAlert,
    area: 'faults',
    keys: 'f',
    parts: ['/incidents', '/cases', '/remedies', '/catalogue', '/alerts'],
  },
  { path: '/stations', title: t('stations'), icon: Plug, area: 'stations', keys: 's' },
  { path: '/map', title: t('map'), icon: MapIcon, area: 'stations', keys: 'm' },
  {
    path: '/campaigns',
    title: t('campaigns'),
    icon: Wrench,
    area: 'stations',
    keys: 'b',
    parts: ['/templates', '/firmware', '/certificates'],
  },
  { path: '/sites', title: t('sites'), icon: MapPin, area: 'power', keys: 'p' },
  { path: '/transactions', title: t('transactions'), icon: Activity, area: 'charging', keys: 't', parts: ['/reservations'] },
  { path: '/review', title: t('review'), icon: History, area: 'charging', keys: 'r' },
  {
    path: '/customers',
    title: t('customers'),
    icon: Users,
    area: 'customers',
    keys: 'c',
    parts: ['/accounts', '/cards', '/unknown-cards', '/groups'],
  },
  { path: '/tariffs', title: t('tariffs'), icon: BadgeEuro, area: 'tariffs', keys: 'e' },
  {
    path: '/payments',
    title: t('payments'),
    icon: CreditCard,
    area: 'money',
    keys: 'y',
    parts: ['/checkouts', '/receivables', '/reconciliation'],
  },
  { path: '/invoices', title: t('invoices'), icon: ReceiptText, area: 'money', keys: 'i', parts: ['/records', '/ledger'] },
  { path: '/reports', title: t('reports'), icon: ChartColumn, area: 'faults', keys: 'x' },
  { path: '/users', title: t('users'), icon: UserCog, area: 'users', keys: 'u' },
  { path: '/audit', title: t('audit'), icon: FileText, area: 'audit', keys: 'l' },
  { path: '/settings', title: t('settings'), icon: Settings, area: 'stations', keys: ',', parts: ['/start'] },
];
