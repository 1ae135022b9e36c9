// What people type, as the API takes it, and what the API says is wrong with it.
import { Problem } from './api';
import { language } from './words';

/** What is wrong with each field, by its name in the API: elements[0].price. */
export function faults(e: unknown): Record<string, string> {
  if (!(e instanceof Problem)) return {};
  return Object.fromEntries(e.fields.filter((f) => f.field).map((f) => [f.field, f.text]));
}

/** A number as it is typed, with a comma or a point, as the API takes it: 4,95 is 4.95. */
export const decimal = (text: string): string =>
  text
    .trim()
    .replace(/[\s\u00a0]/g, '')
    .replace(',', '.');

/** A number from the API as it is typed here. */
export const typed = (n: unknown): string =>
  n === undefined || n === null ? '' : language === 'sv' ? String(n).replace('.', ',') : String(n);

/** A number that is typed; undefined where there is none. */
export function num(text: string): number | undefined {
  const n = Number(decimal(text));
  return text.trim() === '' || Number.isNaN(n) ? undefined : n;
}

/** The digits behind the point that a currency has. */
export const digits = (currency: string): number => {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
};

/** An amount that is typed in major units, in minor ones; undefined where it is none. */
export function minor(text: string, currency: string): number | undefined {
  const n = num(text);
  return n === undefined ? undefined : Math.round(n * 10 ** digits(currency));
}

export const major = (amount: number, currency: string): string => typed((amount / 10 ** digits(currency)).toString());

/** A time of the API as a field of type datetime-local has it, and back. */
export const local = (at?: string | Date | null): string => {
  if (!at) return '';
  const d = new Date(at);
  return new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};
export const instant = (text: string): string | undefined => (text ? new Date(text).toISOString() : undefined);

/** Numbers of somebody that are shown only to who needs them are shortened to their end. */
export const tail = (uid: string): string => (uid.length > 4 && !uid.startsWith('…') ? '…' + uid.slice(-4) : uid);
