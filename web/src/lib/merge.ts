// How pages of a list come together.
type Key<T> = (row: T) => string;

/** Rows with those of another page behind them, each once. */
export function appended<T>(rows: T[], more: T[], key: Key<T>): T[] {
  const seen = new Set(rows.map(key));
  return [...rows, ...more.filter((x) => !seen.has(key(x)))];
}

/** Rows with a first page that was fetched anew: what is new comes first, what has changed stays in its place. */
export function renewed<T>(rows: T[], first: T[], key: Key<T>): T[] {
  const fresh = new Map(first.map((x) => [key(x), x]));
  const old = new Set(rows.map(key));
  return [...first.filter((x) => !old.has(key(x))), ...rows.map((x) => fresh.get(key(x)) ?? x)];
}
