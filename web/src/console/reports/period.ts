// The time that reports are of, as the address has it: days of the browser, from and to included.
import { param } from '../../lib/url';

const pad = (n: number) => String(n).padStart(2, '0');
export const day = (d: Date): string => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;

export interface Period {
  from: string; // 2026-11-01
  to: string;
}

/** What the address says; else the current month until now. */
export function period(now = new Date()): Period {
  const valid = (s: string) => /^\d{4}-\d{2}-\d{2}$/.test(s);
  return {
    from: valid(param('from')) ? param('from') : day(new Date(now.getFullYear(), now.getMonth(), 1)),
    to: valid(param('to')) ? param('to') : day(now),
  };
}

/** The same as the API takes it: from the beginning of the first day on, and before the end of the last. */
export function instants(p: Period): { since: string; until: string } {
  const at = (s: string, days: number) => {
    const [y, m, d] = s.split('-').map(Number) as [number, number, number];
    return new Date(y, m - 1, d + days).toISOString();
  };
  return { since: at(p.from, 0), until: at(p.to, 1) };
}
