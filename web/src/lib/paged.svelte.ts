// A list of the API as a screen shows it: page after page, and changed where something happens.
import { untrack } from 'svelte';
import { appended, renewed } from './merge';

export interface Page<T> {
  items: T[] | null;
  next?: string;
}

export class Paged<T> {
  rows: T[] = $state.raw([]);
  loading = $state(true);
  error: Error | null = $state(null);
  started = $state(false);
  private next?: string;
  private run = 0;

  constructor(
    private ask: (cursor?: string) => Promise<Page<T>>,
    private key: (row: T) => string,
  ) {}

  /** As Loaded.svelte takes it. */
  get data(): T[] | undefined {
    return this.started ? this.rows : undefined;
  }
  get isPending(): boolean {
    return !this.started && !this.error;
  }
  refetch = () => this.load();

  /** Fetches the first page anew. What ask reads is followed by an $effect that this is called in. */
  load() {
    const asked = this.ask();
    untrack(() => void this.take(asked, ++this.run, () => []));
  }

  /** Fetches the page after the last one. */
  more = () => {
    if (this.loading || !this.next) return;
    void this.take(this.ask(this.next), this.run, () => this.rows);
  };

  /** Fetches the first page, and puts what is new before the rest, and what has changed in its place. */
  async refresh() {
    const run = this.run;
    try {
      const { items } = await this.ask();
      if (run !== this.run || !items) return;
      this.rows = renewed(this.rows, items, this.key);
      this.error = null;
    } catch (e) {
      if (run === this.run) this.error = e as Error;
    }
  }

  change(id: string, how: (row: T) => T | undefined) {
    this.rows = this.rows.flatMap((x) => (this.key(x) === id ? (how(x) ?? []) : [x]));
  }

  /** Puts a row in its place, or first where it is new. */
  put(row: T) {
    const id = this.key(row);
    if (this.rows.some((x) => this.key(x) === id)) this.change(id, () => row);
    else this.rows = [row, ...this.rows];
  }

  private async take(asked: Promise<Page<T>>, run: number, before: () => T[]) {
    this.loading = true;
    try {
      const page = await asked;
      if (run !== this.run) return;
      this.rows = appended(before(), page.items ?? [], this.key);
      this.next = page.next;
      this.error = null;
      this.started = true;
    } catch (e) {
      if (run === this.run) this.error = e as Error;
    } finally {
      if (run === this.run) this.loading = false;
    }
  }
}

/** Runs a function at most once in so many milliseconds, and once more at the end of what it was asked for. */
export function seldom(ms: number, f: () => void): () => void {
  let last = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (timer) return;
    timer = setTimeout(
      () => {
        [timer, last] = [undefined, Date.now()];
        f();
      },
      Math.max(0, last + ms - Date.now()),
    );
  };
}
