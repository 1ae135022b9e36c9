// Short lists that others choose from, whole.
import { client, must, pages, type Schemas } from './api';

async function whole<T>(list: AsyncGenerator<T[]>, most = 5000): Promise<T[]> {
  const out: T[] = [];
  for await (const page of list) {
    out.push(...page);
    if (out.length >= most) break;
  }
  return out;
}

export const sites = {
  queryKey: ['sites', 'all'],
  queryFn: (): Promise<Schemas['SiteView'][]> =>
    whole(pages((cursor) => must(client.GET('/api/v1/sites', { params: { query: { limit: 500, cursor } } })))),
  staleTime: 60_000,
};

export const tariffs = {
  queryKey: ['tariffs', 'all'],
  queryFn: (): Promise<Schemas['TariffView'][]> =>
    whole(pages((cursor) => must(client.GET('/api/v1/tariffs', { params: { query: { limit: 500, cursor } } })))),
  staleTime: 30_000,
};

export const groups = {
  queryKey: ['token-groups', 'all'],
  queryFn: (): Promise<Schemas['GroupView'][]> =>
    whole(pages((cursor) => must(client.GET('/api/v1/token-groups', { params: { query: { limit: 500, cursor } } })))),
  staleTime: 60_000,
};

export const stations = {
  queryKey: ['stations', 'all'],
  queryFn: (): Promise<Schemas['StationView'][]> =>
    whole(pages((cursor) => must(client.GET('/api/v1/stations', { params: { query: { limit: 500, cursor } } })))),
  staleTime: 60_000,
};
