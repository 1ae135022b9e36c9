// The people, groups, rotas and channels of alerts.
import { createQuery } from '@tanstack/svelte-query';
import { client, must, type Schemas } from '../../../lib/api';
import { words } from '../../../lib/words';
import { all } from '../data.svelte';

export type Person = Schemas['AlertPersonView'];
export type Group = Schemas['AlertGroupView'];
export type Rota = Schemas['RotaView'];
export type Channel = Schemas['AlertChannelView'];
export type Route = Schemas['AlertRouteView'];
export type Digest = Schemas['AlertDigestView'];
export type Delivery = Schemas['AlertDeliveryView'];
export type Receiver = Schemas['Receiver'];
export type DayHours = Schemas['DayHours'];

export const peopleQuery = () =>
  createQuery(() => ({
    queryKey: ['alerts', 'people'],
    queryFn: () => all<Person>((cursor) => must(client.GET('/api/v1/alert-people', { params: { query: { limit: 1000, cursor } } }))),
  }));
export const groupsQuery = () =>
  createQuery(() => ({
    queryKey: ['alerts', 'groups'],
    queryFn: () => all<Group>((cursor) => must(client.GET('/api/v1/alert-groups', { params: { query: { limit: 1000, cursor } } }))),
  }));
export const rotasQuery = () =>
  createQuery(() => ({
    queryKey: ['alerts', 'rotas'],
    queryFn: () => all<Rota>((cursor) => must(client.GET('/api/v1/rotas', { params: { query: { limit: 1000, cursor } } }))),
  }));
export const channelsQuery = () =>
  createQuery(() => ({
    queryKey: ['alerts', 'channels'],
    queryFn: () => all<Channel>((cursor) => must(client.GET('/api/v1/alert-channels', { params: { query: { limit: 1000, cursor } } }))),
  }));

export const kindOf = words({
  mail: { sv: 'E-post', en: 'Mail' },
  webhook: { sv: 'Webhook', en: 'Webhook' },
  push: { sv: 'Webbläsare', en: 'Browser' },
});

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const dayText = words({
  mon: { sv: 'mån', en: 'Mon' },
  tue: { sv: 'tis', en: 'Tue' },
  wed: { sv: 'ons', en: 'Wed' },
  thu: { sv: 'tors', en: 'Thu' },
  fri: { sv: 'fre', en: 'Fri' },
  sat: { sv: 'lör', en: 'Sat' },
  sun: { sv: 'sön', en: 'Sun' },
});

const t = words({
  every: { sv: 'varje dag', en: 'every day' },
  hours: { sv: '{days} {from}–{until}', en: '{days} {from}–{until}' },
  gone: { sv: '(borttagen)', en: '(gone)' },
});

export function hoursText(list: DayHours[] | null | undefined): string {
  return (list ?? []).map((h) => t('hours', { days: daysText(h.days), from: h.from, until: h.until })).join(', ');
}
export const daysText = (list: string[] | null | undefined): string =>
  list?.length ? list.map((d) => dayText(d as 'mon')).join(' ') : t('every');

/** What a receiver is called. */
export function receiverName(r: Receiver, of: { people: Person[]; groups: Group[]; rotas: Rota[]; channels: Channel[] }): string {
  if (r.person) return of.people.find((p) => p.id === r.person)?.name ?? t('gone');
  if (r.group) return of.groups.find((g) => g.id === r.group)?.name ?? t('gone');
  if (r.rota) return of.rotas.find((x) => x.id === r.rota)?.name ?? t('gone');
  const c = of.channels.find((x) => x.id === r.channel);
  return c ? c.name || c.address : t('gone');
}
