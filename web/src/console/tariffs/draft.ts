// A tariff as it is filled in: texts, as people type them. And as the API has it.
import type { Schemas } from '../../lib/api';
import { decimal, instant, local, num, typed } from '../../lib/form';

export type Tariff = Schemas['TariffView'];
export type Version = Schemas['VersionView'];
export type Element = Schemas['ElementView'];
export type Body = Schemas['CreateTariff'];
export type Kind = Element['type'];

export interface When {
  from: string;
  to: string;
  since: string;
  until: string;
  weekdays: string[];
  minKWh: string;
  maxKWh: string;
  minKW: string;
  maxKW: string;
  minA: string;
  maxA: string;
  minMin: string;
  maxMin: string;
  expired: string;
}

export interface Row {
  key: number;
  type: Kind;
  price: string;
  vat: string;
  perHour: boolean;
  grace: string;
  step: string;
  when: When;
}

export interface Draft {
  name: string;
  currency: string;
  isDefault: boolean;
  net: boolean;
  min: string;
  max: string;
  validFrom: string;
  rows: Row[];
}

const always = (): When => ({
  from: '', to: '', since: '', until: '', weekdays: [], minKWh: '', maxKWh: '', minKW: '', maxKW: '', minA: '', maxA: '', minMin: '', maxMin: '', expired: '',
}); // prettier-ignore

let keys = 0;
export const row = (type: Kind, price = ''): Row => ({
  key: ++keys,
  type,
  price,
  vat: '25',
  perHour: false,
  grace: '',
  step: '',
  when: always(),
});

export const blank = (): Draft => ({
  name: '',
  currency: 'SEK',
  isDefault: false,
  net: false,
  min: '',
  max: '',
  validFrom: '',
  rows: [row('energy')],
});

const per = (n: number | undefined, size: number) => (n === undefined ? '' : typed(n / size));

export function fromVersion(t: Pick<Tariff, 'name' | 'currency' | 'default'>, v: Version): Draft {
  return {
    name: t.name,
    currency: t.currency,
    isDefault: t.default,
    net: !!v.net,
    min: typed(v.minPrice),
    max: typed(v.maxPrice),
    validFrom: local(v.validFrom),
    rows: v.elements.map((e) => {
      const r = e.restrictions ?? {};
      return {
        key: ++keys,
        type: e.type,
        price: typed(e.price),
        vat: typed(e.vatPercent ?? '25'),
        perHour: !!e.perHour,
        grace: e.graceMinutes ? String(e.graceMinutes) : '',
        step: e.stepSize ? String(e.stepSize) : '',
        when: {
          from: r.from ?? '',
          to: r.to ?? '',
          since: r.since ?? '',
          until: r.until ?? '',
          weekdays: [...(r.weekdays ?? [])],
          minKWh: per(r.minEnergyWh, 1000),
          maxKWh: per(r.maxEnergyWh, 1000),
          minKW: per(r.minPowerW, 1000),
          maxKW: per(r.maxPowerW, 1000),
          minA: per(r.minCurrentMilliA, 1000),
          maxA: per(r.maxCurrentMilliA, 1000),
          minMin: per(r.minSeconds, 60),
          maxMin: per(r.maxSeconds, 60),
          expired: r.expired === undefined ? '' : r.expired ? 'yes' : 'no',
        },
      };
    }),
  };
}

const whole = (text: string, size: number) => {
  const n = num(text);
  return n === undefined ? undefined : Math.round(n * size);
};

function restrictions(w: When, kind: Kind): Schemas['RestrictionsView'] | undefined {
  const reserved = kind === 'reservation' || kind === 'reserving';
  const r: Schemas['RestrictionsView'] = {
    from: w.from || undefined,
    to: w.to || undefined,
    since: w.since || undefined,
    until: w.until || undefined,
    weekdays: w.weekdays.length ? (w.weekdays as Schemas['RestrictionsView']['weekdays']) : undefined,
    minEnergyWh: whole(w.minKWh, 1000),
    maxEnergyWh: whole(w.maxKWh, 1000),
    minPowerW: whole(w.minKW, 1000),
    maxPowerW: whole(w.maxKW, 1000),
    minCurrentMilliA: whole(w.minA, 1000),
    maxCurrentMilliA: whole(w.maxA, 1000),
    minSeconds: whole(w.minMin, 60),
    maxSeconds: whole(w.maxMin, 60),
    expired: reserved && w.expired ? w.expired === 'yes' : undefined,
  };
  return Object.values(r).some((x) => x !== undefined) ? r : undefined;
}

export const timed = (k: Kind): boolean => k === 'time' || k === 'idle' || k === 'reservation';

/** A draft as the API takes it. What is no number goes as it was typed, for the API to say so. */
export function body(d: Draft): Body {
  return {
    name: d.name.trim() || ' ',
    currency: d.currency.trim().toUpperCase(),
    default: d.isDefault || undefined,
    net: d.net || undefined,
    minPrice: d.min.trim() ? decimal(d.min) : undefined,
    maxPrice: d.max.trim() ? decimal(d.max) : undefined,
    validFrom: instant(d.validFrom),
    elements: d.rows.map((r) => ({
      type: r.type,
      price: decimal(r.price),
      vatPercent: decimal(r.vat) || undefined,
      perHour: (timed(r.type) && r.perHour) || undefined,
      graceMinutes: (r.type === 'idle' && whole(r.grace, 1)) || undefined,
      stepSize: ((r.type === 'energy' || timed(r.type)) && whole(r.step, 1)) || undefined,
      restrictions: restrictions(r.when, r.type),
    })),
  };
}

/** The version that holds at a time; the oldest where none does yet. */
export function inForce(t: Tariff, at: number): Version | undefined {
  return t.versions.find((v) => !v.validFrom || Date.parse(v.validFrom) <= at) ?? t.versions.at(-1);
}
