// Which stations are meant, as the address of the screen has it and as the API is asked for it.
import { param } from '../../../lib/url';
import type { Schemas } from '../../../lib/api';

export const names = ['q', 'site', 'state', 'connected', 'vendor', 'model', 'version', 'firmware', 'connector', 'fault'] as const;
export type Name = (typeof names)[number];
export type Filter = Schemas['StationFilter'];

/** What the address says, without what it does not. */
export function fromAddress(): Filter {
  const out: Record<string, string> = {};
  for (const n of names) if (param(n)) out[n] = param(n);
  return out as Filter;
}

export const asQuery = (f: Filter): string => new URLSearchParams(f as Record<string, string>).toString();
