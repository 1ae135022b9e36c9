// Words of money that several screens use.
import type { Schemas } from '../../lib/api';
import { words } from '../../lib/words';

export { reason } from './reasons';
export { short } from '../../lib/payers';

export type Payment = Schemas['PaymentView'];
type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

export const stateName = words({
  created: { sv: 'Skapad', en: 'Created' },
  'awaiting-customer': { sv: 'Väntar på kunden', en: 'Waiting for the customer' },
  held: { sv: 'Belopp reserverat', en: 'Amount held' },
  prepaid: { sv: 'Betalt i förväg', en: 'Paid in advance' },
  mandated: { sv: 'Medgiven', en: 'Agreed to' },
  bound: { sv: 'Laddning pågår', en: 'Charge under way' },
  settling: { sv: 'Regleras', en: 'Being settled' },
  settled: { sv: 'Betald', en: 'Settled' },
  'settled-short': { sv: 'Delvis obetald', en: 'Something is missing' },
  released: { sv: 'Släppt, inget att betala', en: 'Released, nothing due' },
  declined: { sv: 'Nekad', en: 'Declined' },
  abandoned: { sv: 'Övergiven', en: 'Abandoned' },
  'hold-expired': { sv: 'Reservationen gick ut', en: 'The hold expired' },
  review: { sv: 'Måste ses över', en: 'To be looked at' },
});
export const stateTones: Record<Payment['state'], Tone> = {
  created: 'quiet',
  'awaiting-customer': 'info',
  held: 'info',
  prepaid: 'info',
  mandated: 'info',
  bound: 'info',
  settling: 'info',
  settled: 'good',
  'settled-short': 'warn',
  released: 'quiet',
  declined: 'quiet',
  abandoned: 'quiet',
  'hold-expired': 'warn',
  review: 'bad',
};

const providers = words({
  wallet: { sv: 'Förskottskonto', en: 'Prepaid balance' },
  invoice: { sv: 'Faktura', en: 'Invoice' },
  stripe: { sv: 'Kort (Stripe)', en: 'Card (Stripe)' },
  swish: { sv: 'Swish', en: 'Swish' },
  terminal: { sv: 'Terminal', en: 'Terminal' },
  none: { sv: 'Ingen', en: 'Nobody' },
});
export const provider = (name?: string): string =>
  !name ? providers('none') : ['wallet', 'invoice', 'stripe', 'swish', 'terminal'].includes(name) ? providers(name as 'wallet') : name;

export const operation = words({
  begin: { sv: 'Fråga kunden', en: 'Ask the customer' },
  hold: { sv: 'Reservera', en: 'Hold' },
  increment: { sv: 'Reservera mer', en: 'Hold more' },
  capture: { sv: 'Dra', en: 'Capture' },
  cancel: { sv: 'Släpp', en: 'Release' },
  refund: { sv: 'Ge tillbaka', en: 'Give back' },
  pending: { sv: 'Väntar', en: 'Waiting' },
  sent: { sv: 'Skickad', en: 'Sent' },
  unknown: { sv: 'Okänt utfall', en: 'Outcome unknown' },
  succeeded: { sv: 'Klar', en: 'Done' },
  declined: { sv: 'Nekad', en: 'Declined' },
});
export const operationTones: Record<Schemas['OperationView']['state'], Tone> = {
  pending: 'info',
  sent: 'info',
  unknown: 'bad',
  succeeded: 'good',
  declined: 'warn',
};

export const invoice = words({
  issued: { sv: 'Utfärdad', en: 'Issued' },
  overdue: { sv: 'Förfallen', en: 'Overdue' },
  paid: { sv: 'Betald', en: 'Paid' },
  credited: { sv: 'Krediterad', en: 'Credited' },
  'written-off': { sv: 'Avskriven', en: 'Written off' },
});
export const invoiceTones: Record<Schemas['InvoiceView']['state'], Tone> = {
  issued: 'info',
  overdue: 'bad',
  paid: 'good',
  credited: 'quiet',
  'written-off': 'warn',
};

export const record = words({
  original: { sv: 'Debitering', en: 'Charge' },
  credit: { sv: 'Kreditering', en: 'Credit' },
  replacement: { sv: 'Ersättning', en: 'Replacement' },
});

export const account = words({
  receivable: { sv: 'Kundfordringar', en: 'Receivables' },
  deposit: { sv: 'Förskott från kunder', en: 'Deposits' },
  clearing: { sv: 'Hos betaltjänster', en: 'With providers' },
  disputed: { sv: 'Omtvistat', en: 'Disputed' },
  unexplained: { sv: 'Oförklarat', en: 'Unexplained' },
  bank: { sv: 'Bank', en: 'Bank' },
  'revenue-energy': { sv: 'Intäkt energi', en: 'Revenue, energy' },
  'revenue-time': { sv: 'Intäkt tid', en: 'Revenue, time' },
  'revenue-fees': { sv: 'Intäkt avgifter', en: 'Revenue, fees' },
  'output-vat': { sv: 'Utgående moms', en: 'Output VAT' },
  goodwill: { sv: 'Goodwill till kunder', en: 'Goodwill' },
  'provider-fees': { sv: 'Avgifter till betaltjänster', en: 'Provider fees' },
  'bad-debt': { sv: 'Kundförluster', en: 'Bad debt' },
  rounding: { sv: 'Öresavrundning', en: 'Rounding' },
});
export const kinds = [
  'receivable', 'deposit', 'clearing', 'disputed', 'unexplained', 'bank', 'revenue-energy', 'revenue-time', 'revenue-fees', 'output-vat', 'goodwill', 'provider-fees', 'bad-debt', 'rounding',
] as const; // prettier-ignore
export const accountName = (kind: string): string =>
  (kinds as readonly string[]).includes(kind) ? account(kind as (typeof kinds)[number]) : kind;
