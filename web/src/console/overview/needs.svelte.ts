// Faults and incidents that nobody looks after yet, the worst first.
import { createQuery } from '@tanstack/svelte-query';
import { client, must } from '../../lib/api';
import { sitesOf } from '../faults/data.svelte';
import { severities, type Fault, type Incident } from '../faults/words';
import { byTime } from '../../lib/order';
import { me } from '../../lib/me.svelte';

export type Need = (Fault & { of: 'fault' }) | (Incident & { of: 'incident' });

export interface Troubles {
  list: Need[];
  more: boolean; // there are more than were asked for
  acknowledged: number; // at most as many as were asked for
}

const most = 50;

async function at(site?: string): Promise<Troubles> {
  const query = { state: 'open', shelved: 'false', severity: 'low', site, limit: most } as const;
  const [incidents, faults, known] = await Promise.all([
    must(client.GET('/api/v1/incidents', { params: { query: { ...query, acknowledged: 'false' } } })),
    must(client.GET('/api/v1/faults', { params: { query: { ...query, acknowledged: 'false', sort: 'worst' } } })),
    must(client.GET('/api/v1/faults', { params: { query: { ...query, acknowledged: 'true' } } })),
  ]);
  // A fault that is part of an incident that is shown is told of with that.
  const ids = new Set(incidents.items.map((i) => i.id));
  const alone = faults.items.filter((f) => !f.incident || !ids.has(f.incident));
  return {
    list: [...incidents.items.map((i): Need => ({ ...i, of: 'incident' })), ...alone.map((f): Need => ({ ...f, of: 'fault' }))],
    more: !!faults.next || !!incidents.next,
    acknowledged: known.items.length,
  };
}

const rank = (n: Need) => severities.indexOf(n.severity);

export const troublesQuery = () =>
  createQuery(() => ({
    queryKey: ['troubles'],
    enabled: me.can('see', 'faults'),
    refetchInterval: 60_000,
    queryFn: async (): Promise<Troubles> => {
      const all = await Promise.all((sitesOf('see', 'faults') ?? [undefined]).map(at));
      return {
        list: all.flatMap((x) => x.list).sort((a, b) => rank(a) - rank(b) || byTime(b.openedAt, a.openedAt)),
        more: all.some((x) => x.more),
        acknowledged: all.reduce((n, x) => n + x.acknowledged, 0),
      };
    },
  }));
