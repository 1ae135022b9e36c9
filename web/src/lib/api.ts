// The client of the API. Its types are made from the description of the API: npm run generate.
import createClient from 'openapi-fetch';
import type { components, paths } from './openapi';
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
  busy: { sv: 'För många försök på kort tid. Vänta en minut.', en: 'Too many tries in a short time. Wait a minute.' },
});

/** What an operation of the API answers when it is not done: what is wrong, and with which fields. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly fields: { field: string; text: string }[] = [],
  ) {
    super(detail);
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

export function problem(status: number, body: unknown): Problem {
  const b = (typeof body === 'object' && body !== null ? body : {}) as {
    detail?: string;
    errors?: { location?: string; message?: string }[];
  };
  const fields = (b.errors ?? []).map((e) => ({ field: (e.location ?? '').replace(/^(body|query|path)\.?/, ''), text: e.message ?? '' }));
  if (status === 429) return new Problem(status, t('busy'), fields);
  if (status >= 500 && status !== 501) return new Problem(status, t('internal'), fields);
  return new Problem(status, b.detail ?? `HTTP ${status}`, fields);
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
