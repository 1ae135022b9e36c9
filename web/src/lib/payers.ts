// Accounts by the names of who has them.
import { client, must, type Schemas } from './api';
import { me } from './me.svelte';
import { words } from './words';

type Account = Schemas['AccountView'];

export const accountKind = words({
  prepaid: { sv: 'Förbetalt', en: 'Prepaid' },
  postpaid: { sv: 'Faktura', en: 'By invoice' },
  roaming: { sv: 'Roaming', en: 'Roaming' },
});

/** An id that nobody knows by heart, as it is shown where there is no name. */
export const short = (id?: string): string => (id && id.length > 14 ? '…' + id.slice(-8) : (id ?? ''));

const named = (a: Account): string => [...new Set([a.holder, a.name, accountKind(a.kind)])].filter(Boolean).join(' · ');
const names = new Map<string, string>();

async function ask(query: { id?: string[]; find?: string; limit: number }): Promise<Account[]> {
  const { items } = await must(client.GET('/api/v1/accounts', { params: { query } }));
  for (const a of items) names.set(a.id, named(a));
  return items;
}

/** Finds accounts by part of what their customer or they themselves are called. Two that are called the same are told apart by their ids. */
export async function findPayers(text: string): Promise<{ id: string; name: string }[]> {
  const items = await ask({ find: text, limit: 20 });
  const twice = (a: Account) => items.some((b) => b.id !== a.id && named(b) === named(a));
  return items.map((a) => ({ id: a.id, name: named(a) + (twice(a) ? ' · ' + short(a.id) : '') }));
}

/** Learns what accounts are called, for [payer]. What cannot be learnt keeps its id. */
export async function learn(ids: (string | undefined)[]) {
  const list = [...new Set(ids)].filter((id): id is string => !!id && !id.includes('/'));
  if (!me.can('see', 'customers')) return;
  for (let n = 0; n < list.length; n += 200) await ask({ id: list.slice(n, n + 200), limit: 200 }).catch(() => {});
}

/** What an account is called, as far as it was learnt. */
export const payer = (id?: string): string => (id ? (names.get(id) ?? short(id)) : '');

export async function payerName(id: string): Promise<string> {
  await learn([id]);
  return payer(id);
}

/** A page of a list, once the accounts in it have their names. */
export async function withPayers<P extends { items: unknown[] | null }>(
  asked: Promise<P>,
  of: (row: NonNullable<P['items']>[number]) => (string | undefined)[],
): Promise<P> {
  const page = await asked;
  await learn((page.items ?? []).flatMap(of));
  return page;
}
