// When a price of a tariff holds, in words.
import type { Schemas } from './api';
import { number } from './format';
import { language, words } from './words';

const t = words({
  between: { sv: 'kl. {a}–{b}', en: '{a}–{b}' },
  since: { sv: 'från {a}', en: 'from {a}' },
  until: { sv: 'före {a}', en: 'before {a}' },
  min: { sv: 'från {n}', en: 'from {n}' },
  max: { sv: 'under {n}', en: 'below {n}' },
  range: { sv: '{a} till {b}', en: '{a} to {b}' },
  expired: { sv: 'när ingen kom', en: 'when nobody came' },
  used: { sv: 'när någon kom', en: 'when somebody came' },
});

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** The name of a day of the week. */
export function weekday(day: string): string {
  const i = weekdays.indexOf(day as (typeof weekdays)[number]);
  return new Intl.DateTimeFormat(language === 'sv' ? 'sv-SE' : 'en-GB', { weekday: 'short', timeZone: 'UTC' }).format(
    new Date(Date.UTC(2024, 0, 1 + i)),
  );
}

const bounds = (min: number | undefined, max: number | undefined, show: (n: number) => string): string | undefined =>
  min !== undefined && max !== undefined
    ? t('range', { a: show(min), b: show(max) })
    : min !== undefined
      ? t('min', { n: show(min) })
      : max !== undefined
        ? t('max', { n: show(max) })
        : undefined;

const plain = (n: number, digits = 3) =>
  number(n, digits)
    .replace(/([.,]\d*?)0+$/, '$1')
    .replace(/[.,]$/, '');

/** All that restricts a price. */
export function conditions(r: Schemas['RestrictionsView']): string {
  return [
    (r.from || r.to) && t('between', { a: r.from || '00:00', b: r.to || '00:00' }),
    r.weekdays?.length && r.weekdays.map(weekday).join(', '),
    r.since && t('since', { a: r.since }),
    r.until && t('until', { a: r.until }),
    bounds(r.minEnergyWh, r.maxEnergyWh, (n) => plain(n / 1000) + ' kWh'),
    bounds(r.minPowerW, r.maxPowerW, (n) => plain(n / 1000) + ' kW'),
    bounds(r.minCurrentMilliA, r.maxCurrentMilliA, (n) => plain(n / 1000) + ' A'),
    bounds(r.minSeconds, r.maxSeconds, (n) => plain(n / 60, 1) + ' min'),
    r.expired === undefined ? undefined : t(r.expired ? 'expired' : 'used'),
  ]
    .filter(Boolean)
    .join(', ');
}
