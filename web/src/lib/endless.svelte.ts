// A list of any length, fetched page by page as somebody goes on in it.
export interface Page<T> {
  items: T[] | null;
  next?: string;
}

export class Endless<T> {
  rows = $state.raw<T[]>([]);
  loading = $state(true);
  error = $state.raw<Error | undefined>();
  whole = $state(false); // there is nothing more

  private cursor: string | undefined;
  private busy = false;

  constructor(private readonly fetchPage: (cursor?: string) => Promise<Page<T>>) {
    void this.load();
  }

  /** Fetches what comes after. */
  more = () => {
    if (!this.busy && !this.whole && !this.error) void this.load();
  };

  /** Tries again what failed. */
  again = () => {
    this.error = undefined;
    void this.load();
  };

  /** Puts newer versions of rows in the place of those that are there; a row that is not is left out. */
  replace(items: T[], key: (row: T) => string) {
    const by = new Map(items.map((x) => [key(x), x]));
    if (this.rows.some((x) => by.has(key(x)))) this.rows = this.rows.map((x) => by.get(key(x)) ?? x);
  }

  /** Fetches the first page anew and puts in front what was not there. */
  async fresh(key: (row: T) => string) {
    if (this.busy) return;
    this.busy = true;
    try {
      const { items } = await this.fetchPage();
      const list = items ?? [];
      const seen = new Set(list.map(key));
      this.rows = [...list, ...this.rows.filter((x) => !seen.has(key(x)))];
    } catch {
      // what is shown stays; the head of the page tells when it is old
    } finally {
      this.busy = false;
    }
  }

  private async load() {
    this.busy = true;
    await Promise.resolve();
    this.loading = true;
    try {
      const { items, next } = await this.fetchPage(this.cursor);
      this.rows = [...this.rows, ...(items ?? [])];
      this.cursor = next;
      this.whole = !next;
    } catch (e) {
      this.error = e as Error;
    } finally {
      this.busy = false;
      this.loading = false;
    }
  }
}
