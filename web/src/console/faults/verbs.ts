// What people do with faults and incidents.
import { because, client, must } from '../../lib/api';
import { words } from '../../lib/words';
import { by } from './data.svelte';
import type { Severity } from './words';

export interface Subject {
  kind: 'fault' | 'incident';
  id: string;
  name: string;
}

export type Deed =
  | { verb: 'acknowledge' | 'unshelve' | 'comment' | 'clear' }
  | { verb: 'shelve'; until: Date }
  | { verb: 'assign'; assignee: string }
  | { verb: 'severity'; severity: Severity };

/** Does something with one of them. */
export function act({ kind, id }: Subject, deed: Deed, reason: string): Promise<unknown> {
  const how = { params: { path: { id } }, headers: because(reason) };
  const said = { by: by(), reason: reason || undefined };
  if (kind === 'fault') {
    switch (deed.verb) {
      case 'acknowledge':
        return must(client.POST('/api/v1/faults/{id}/acknowledge', { ...how, body: said }));
      case 'unshelve':
        return must(client.POST('/api/v1/faults/{id}/unshelve', { ...how, body: said }));
      case 'comment':
        return must(client.POST('/api/v1/faults/{id}/comment', { ...how, body: said }));
      case 'clear':
        return must(client.POST('/api/v1/faults/{id}/clear', { ...how, body: said }));
      case 'shelve':
        return must(client.POST('/api/v1/faults/{id}/shelve', { ...how, body: { ...said, until: deed.until.toISOString() } }));
      case 'assign':
        return must(client.POST('/api/v1/faults/{id}/assign', { ...how, body: { ...said, assignee: deed.assignee } }));
      case 'severity':
        return must(client.POST('/api/v1/faults/{id}/severity', { ...how, body: { ...said, severity: deed.severity } }));
    }
  }
  switch (deed.verb) {
    case 'acknowledge':
      return must(client.POST('/api/v1/incidents/{id}/acknowledge', { ...how, body: said }));
    case 'unshelve':
      return must(client.POST('/api/v1/incidents/{id}/unshelve', { ...how, body: said }));
    case 'comment':
      return must(client.POST('/api/v1/incidents/{id}/comment', { ...how, body: said }));
    case 'shelve':
      return must(client.POST('/api/v1/incidents/{id}/shelve', { ...how, body: { ...said, until: deed.until.toISOString() } }));
    case 'assign':
      return must(client.POST('/api/v1/incidents/{id}/assign', { ...how, body: { ...said, assignee: deed.assignee } }));
    default:
      throw new Error(`an incident has no ${deed.verb}`);
  }
}

const t = words({
  some: { sv: '{bad} av {of} blev inte gjorda. {name}: {why}', en: '{bad} of {of} were not done. {name}: {why}' },
});

/** Does it with each of them; what went wrong with some is told when the rest is done. */
export async function actOnAll(subjects: Subject[], deed: Deed, reason: string, progress: (done: number) => void): Promise<void> {
  const wrong: [Subject, Error][] = [];
  for (const [i, s] of subjects.entries()) {
    progress(i);
    try {
      await act(s, deed, reason);
    } catch (e) {
      wrong.push([s, e as Error]);
    }
  }
  if (!wrong.length) return;
  const [first, why] = wrong[0]!;
  if (subjects.length === 1) throw why;
  throw new Error(t('some', { bad: wrong.length, of: subjects.length, name: first.name, why: why.message }));
}
