// What a screen shows is in its address: filters, order, tab, what is selected. It can be sent to somebody else.
import { searchParams } from 'sv-router';

/** A parameter of the address as it is written there; empty where it is not. An id such as 007 stays one. */
export const param = (name: string): string =>
  searchParams.toURLSearchParams().get(name) ?? (searchParams.has(name) ? String(searchParams.get(name)) : '');

/** Sets a parameter, or takes it out when it is empty. What is typed replaces the address, what is chosen is a step to go back from. */
export function setParam(name: string, value: string, how: { replace?: boolean } = { replace: true }) {
  if (value) searchParams.set(name, value, how);
  else searchParams.delete(name, undefined, how);
}
