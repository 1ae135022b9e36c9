// What the list of stations is asked for. Its first rows are asked for as soon as its page is loaded: before it is known
// who looks, and while the screen itself is fetched.
import { client, must } from '../../../lib/api';
import { param } from '../../../lib/url';
import { fromAddress } from './filter';

export type Sort = 'id' | '-id' | 'name' | '-name' | 'site' | '-site' | 'seen' | '-seen';
export const orders: Sort[] = ['id', '-id', 'name', '-name', 'site', '-site', 'seen', '-seen'];
export const sorted = (): Sort => orders.find((o) => o === param('sort')) ?? 'id';

type Query = ReturnType<typeof fromAddress> & { sort: Sort; limit: number; cursor?: string };
export const ask = (query: Query) => must(client.GET('/api/v1/stations', { params: { query } }));

const first = 70; // rows, which are there at once
const beginning = () => ({ ...fromAddress(), sort: sorted(), limit: first });

let early: { key: string; rows: ReturnType<typeof ask> } | undefined;
if (location.pathname === '/stations') {
  early = { key: JSON.stringify(beginning()), rows: ask(beginning()) };
  early.rows.catch(() => undefined); // whoever takes them says so
  setTimeout(() => (early = undefined), 5000); // they are old by then
}

/** The first rows of what the address says; those that were asked for when the page was loaded are there for one time. */
export function beginningRows(): ReturnType<typeof ask> {
  const query = beginning();
  const rows = early?.key === JSON.stringify(query) ? early.rows : ask(query);
  early = undefined;
  return rows;
}
