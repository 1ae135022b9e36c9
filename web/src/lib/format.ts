// How values are shown: in the language of the screens, with their units, in the time zone of the browser.
import { language } from './words';

const locale = language === 'sv' ? 'sv-SE' : 'en-GB';
const numbers = new Map<string, Intl.NumberFormat>();

export function number(value: number, digits = 0): string {
  const key = `${digits}`;
  let f = numbers.get(key);
  if (!f) numbers.set(key, (f = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })));
  return f.format(value);
}

/** An amount in minor units, as 12345 SEK is 123.45 kr. */
export function money(amount: number, currency: string): string {
  const f = new Intl.NumberFormat(locale, { style: 'currency', currency });
  return f.format(amount / 10 ** (f.resolvedOptions().maximumFractionDigits ?? 2));
}

/** A price of a tariff, as the API writes it: 3.955 SEK is 3,955 kr. */
export const price = (amount: string | number, currency: string): string =>
  new Intl.NumberFormat(locale, { style: 'currency', currency, maximumFractionDigits: 6 }).format(Number(amount));

/** Energy in Wh. */
export const energy = (wh: number): string => `${number(wh / 1000, wh < 10_000_000 ? 2 : 0)} kWh`;

/** Power in W. */
export const power = (w: number): string => (Math.abs(w) < 1000 ? `${number(w)} W` : `${number(w / 1000, 1)} kW`);

/** Current in A. */
export const amps = (a: number): string => `${number(a, a % 1 ? 1 : 0)} A`;

export const percent = (share: number, digits = 1): string =>
  new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits }).format(share);

/** A rate in percent, as the API writes it: 25 is 25 %. */
export const rate = (p: string | number): string => percent(Number(p) / 100, 3);

const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const minute = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const second = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
const quarter = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });

export type When = string | Date | number;
export const date = (at: When): string => day.format(new Date(at));
export const time = (at: When): string => minute.format(new Date(at));
export const exact = (at: When): string => second.format(new Date(at));
export const shortHour = (at: When): string => quarter.format(new Date(at));
export const hour = (at: When): string => clock.format(new Date(at));

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];
const moment = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' });

/** How long ago something was, or how soon it will be, roughly. */
export function ago(at: When, now: number): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  if (!seconds) return moment.format(0, 'second');
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size || unit === 'second') return relative.format(Math.trunc(seconds / size), unit);
  }
  return '';
}

/** A time span in seconds, as people say it: 45 s, 5 min, 1 h 30 min, 2 days 4 h. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor((s % 86_400) / 3600), Math.floor((s % 3600) / 60)];
  const days = `${d} ${language === 'sv' ? 'dygn' : d === 1 ? 'day' : 'days'}`;
  const said = d ? [days, h && `${h} h`] : h ? [`${h} h`, m && `${m} min`] : [m && `${m} min`, s % 60 && `${s % 60} s`];
  return said.filter(Boolean).join(' ') || '0 s';
}
