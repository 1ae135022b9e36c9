// Words of the screens, in the languages that there are. Each screen keeps its own, side by side:
//
//   const t = words({ title: { sv: 'Fel', en: 'Faults' }, open: { sv: '{n} öppna', en: '{n} open' } });
//   t('title')  t('open', { n: 3 })
//
// One that lacks a language does not compile.
export type Language = 'sv' | 'en';
export type Text = Record<Language, string>;

const kept = 'gnista-language';

function find(): Language {
  const wanted = [read(kept) ?? '', ...(globalThis.navigator?.languages ?? [])];
  for (const w of wanted) {
    if (w.startsWith('sv')) return 'sv';
    if (w.startsWith('en')) return 'en';
  }
  return 'en';
}

/** The language that screens are in. Another one is a load of the page. */
export const language: Language = find();

/** The languages with their own names. */
export const languages: Record<Language, string> = { sv: 'Svenska', en: 'English' };

export function choose(l: Language) {
  write(kept, l);
  location.reload();
}

export function words<K extends string>(texts: Record<K, Text>) {
  return (key: K, values?: Record<string, string | number>): string => fill(texts[key][language], values);
}

/** Puts values into the places of a text that name them; of {n|station|stations} the first where n is 1, else the second. */
export function fill(text: string, values?: Record<string, string | number>): string {
  if (!values) return text;
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    if (!Object.hasOwn(values, name)) return whole;
    return one === undefined ? String(values[name]) : String(values[name]) === '1' ? one : many!;
  });
}

/** What the browser keeps for this site; nothing where it keeps nothing. */
export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // it holds until the page is left
  }
}
