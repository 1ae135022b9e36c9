// The client of the API. Its types are made from the description of the API: npm run generate.
import createClient from 'openapi-fetch';
import type { components, paths } from './openapi';
import { fieldName, kinds, swedish } from './problems';
import { language, words } from './words';

export type Schemas = components['schemas'];

const t = words({
  unreachable: {
    sv: 'Gnista svarar inte. Det du ser kan vara gammalt. Försök igen om en stund.',
    en: 'Gnista does not answer. What you see may be old. Try again in a moment.',
  },
  internal: {
    sv: 'Något gick fel hos Gnista, och loggen berättar vad. Ingenting har ändrats som inte visas. Försök igen, och tala annars med den som sköter driften.',
    en: 'Something went wrong in Gnista, and its log tells what. Try again, or else talk to whoever runs it.',
  },
  invalid: { sv: 'Något som fylldes i stämmer inte.', en: 'Something that was filled in is not right.' },
  busy: { sv: 'För många försök på kort tid. Vänta en minut.', en: 'Too many tries in a short time. Wait a minute.' },
});

/** What is wrong with a field: its path in the API, what it is called, and what is wrong with it. */
export interface Fault {
  field: string;
  text: string;
  name?: string;
}

/**
 * What an operation of the API answers when it is not done: what is wrong in the language of the screen, and with which fields.
 * Where those are not the API's own words, said has them.
 */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly fields: Fault[] = [],
    readonly said = '',
  ) {
    super(message);
  }
}

export const client = createClient<paths>({
  baseUrl: location.origin,
  headers: { 'Accept-Language': language },
  fetch: async (request: Request) => {
    let response: Response;
    try {
      response = await fetch(request);
    } catch {
      throw new Problem(0, t('unreachable'));
    }
    if (response.status === 401) {
      location.assign('/sign-in?to=' + encodeURIComponent(location.pathname + location.search));
    }
    return response;
  },
});

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The body of an answer; throws a Problem where there is none. */
export async function must<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  throw problem(response.status, error);
}

export function problem(status: number, body: unknown, lang = language): Problem {
  const b = (typeof body === 'object' && body !== null ? body : {}) as {
    detail?: string;
    errors?: { location?: string; message?: string }[];
  };
  const detail = b.detail ?? '';
  const fields = (b.errors ?? []).map((e): Fault => {
    const field = (e.location ?? '').replace(/^(body|query|path)\.?/, '');
    const said = e.message ?? '';
    if (lang === 'en') return { field, text: said, name: field };
    return { field, text: swedish(said) ?? `stämmer inte (${said})`, name: fieldName(field) };
  });
  if (status === 429) return new Problem(status, t('busy'), fields);
  // A station that is away, silent or unwilling is told of with words; who answers without is no API.
  if (status >= 500 && (status === 500 || !detail)) return new Problem(status, t('internal'), fields);
  if (lang === 'en') return new Problem(status, detail === 'validation failed' ? t('invalid') : detail || `HTTP ${status}`, fields);
  // One field that is wrong is all that there is to say.
  const only = fields.length === 1 && detail === `${fields[0]!.field}: ${b.errors![0]!.message}` ? fields[0] : undefined;
  const text = only ? `${only.name}: ${only.text}.` : swedish(detail);
  return new Problem(status, text || kinds[status] || detail || `HTTP ${status}`, fields, detail);
}

/** A reason for a change, as the trail of changes keeps it. */
export const because = (reason: string): { 'X-Reason'?: string } => (reason ? { 'X-Reason': encodeURIComponent(reason) } : {});

/** All pages of a list, one after the other. */
export async function* pages<T>(next: (cursor?: string) => Promise<{ items: T[] | null; next?: string }>): AsyncGenerator<T[]> {
  let cursor: string | undefined;
  do {
    const page = await next(cursor);
    yield page.items ?? [];
    cursor = page.next;
  } while (cursor);
}
