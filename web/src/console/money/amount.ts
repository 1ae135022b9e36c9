// Amounts as people type them, and as the API has them: in minor units.
import type { Schemas } from '../../lib/api';
import { money } from '../../lib/format';

export type Money = Schemas['Money'];

const digits = (currency: string) =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** An amount that somebody has typed, in minor units; undefined where it is none. */
export function minor(text: string, currency: string): number | undefined {
  const t = text.replaceAll(/[\s\u00a0]/g, '').replace(',', '.');
  if (!/^\d+(\.\d+)?$/.test(t)) return undefined;
  const d = digits(currency);
  const [whole, part = ''] = t.split('.');
  return part.length > d ? undefined : Number(whole + part.padEnd(d, '0'));
}

/** An amount as it is typed. */
export function typed(m: Money): string {
  const d = digits(m.currency);
  return (m.amount / 10 ** d).toFixed(d);
}

export const show = (m?: Money | null): string => (m ? money(m.amount, m.currency) : '–');
