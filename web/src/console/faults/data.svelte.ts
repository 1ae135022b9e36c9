// What several screens of this part ask for, and how they follow what happens.
import { createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, must, pages, type Schemas } from '../../lib/api';
import { live, type Happening } from '../../lib/live.svelte';
import { me, type Verb } from '../../lib/me.svelte';

/** All of a list that is short by its nature. */
export async function all<T>(next: (cursor?: string) => Promise<{ items: T[] | null; next?: string }>): Promise<T[]> {
  const list: T[] = [];
  for await (const page of pages(next)) list.push(...page);
  return list;
}

/** The sites where something may be done; nothing where it may be everywhere. */
export function sitesOf(verb: Verb, area: string): string[] | undefined {
  const rank = { see: 1, act: 2, change: 3 };
  const rights = me.is?.rights.filter((r) => r.area === area && rank[r.verb] >= rank[verb]) ?? [];
  if (!rights.length || rights.some((r) => !r.sites?.length)) return undefined;
  return rights.flatMap((r) => r.sites ?? []).filter((id, n, list) => list.indexOf(id) === n);
}

/** Tells whether something may be done everywhere: what is asked for without a site needs that. */
export const everywhere = (verb: Verb, area: string): boolean => me.can(verb, area) && !sitesOf(verb, area);

/** The site that a list is asked for: the one that is chosen, or else the first of those who may see only some. */
export const siteFor = (chosen: string): string | undefined => chosen || sitesOf('see', 'faults')?.[0] || undefined;

type Site = Schemas['SiteView'];

/** Who may see only some sites has no list of them, but each by itself. */
async function sites(): Promise<Site[]> {
  const some = sitesOf('see', 'stations');
  if (some) return Promise.all(some.map((id) => must(client.GET('/api/v1/sites/{id}', { params: { path: { id } } }))));
  return all<Site>((cursor) => must(client.GET('/api/v1/sites', { params: { query: { limit: 1000, cursor } } })));
}

export const sitesQuery = () =>
  createQuery(() => ({ queryKey: ['sites', 'all'], staleTime: 60_000, enabled: me.can('see', 'stations'), queryFn: sites }));

/** Asks anew for what has keys when something of the kinds happens, at most every so often. For the top of a component. */
export function follow(kinds: string[], keys: string[], every = 2000, when: (h: Happening) => boolean = () => true) {
  const queries = useQueryClient();
  let last = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  $effect(() => {
    const off = live.on(kinds, (list) => {
      if (timer || !list.some(when)) return;
      timer = setTimeout(
        () => {
          timer = undefined;
          last = Date.now();
          for (const key of keys) void queries.invalidateQueries({ queryKey: [key] });
        },
        Math.max(0, every - (Date.now() - last)),
      );
    });
    return () => {
      off();
      clearTimeout(timer);
      timer = undefined;
    };
  });
}

/** Who does something, where nobody has signed in. */
export const by = (): string | undefined => (me.is?.user ? undefined : me.is?.name);

export { namesOf } from './words';
