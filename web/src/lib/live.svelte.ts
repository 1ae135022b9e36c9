// What happens, as it happens. The browser has one stream of events, however many tabs are open: one tab has it and
// tells the others. Screens are told at most four times a second, of all that has changed since.
import { clock } from './now.svelte';

export interface Happening {
  seq?: number;
  at: string;
  kind: string;
  station?: string;
  subject?: string;
  data?: Record<string, unknown>;
}

type Listener = (list: Happening[]) => void;

const kinds = 'gnista-live';
const rhythm = 250; // ms between two times that screens are told
const most = 20_000; // happenings that are kept until screens are told
const patience = 40_000; // ms without a sign of life after which what is shown is old: a sign comes each 15 s

class Live {
  /** When something was last heard, also that nothing has happened. */
  heard = $state(Date.now());
  connected = $state(false);
  readonly stale = $derived(!this.connected || clock.at - this.heard > patience);

  private listeners = new Map<Listener, string[]>();
  private waiting: Happening[] = [];
  private channel = new BroadcastChannel(kinds);
  private last = '';

  constructor() {
    this.channel.onmessage = (m: MessageEvent<{ list: Happening[]; connected: boolean }>) => this.take(m.data.list, m.data.connected);
    setInterval(() => this.tell(), rhythm);
    // Whoever holds the lock has the stream; the browser gives it on when that tab is closed.
    if (navigator.locks) void navigator.locks.request(kinds, () => this.follow());
    else void this.follow();
  }

  /**
   * Tells of what happens whose kind begins with one of the words, such as fault or station.boot, until the function that
   * is returned is called. For $effect.
   */
  on(words: string[], listener: Listener): () => void {
    this.listeners.set(listener, words);
    return () => this.listeners.delete(listener);
  }

  private take(list: Happening[], connected: boolean) {
    this.heard = Date.now();
    this.connected = connected;
    for (const h of list) this.waiting.push(h);
    // Nobody looks, so nobody is told yet: what has happened at the same place since is kept once.
    if (this.waiting.length > most) {
      this.waiting = [...new Map(this.waiting.map((h) => [`${h.kind} ${h.station} ${h.subject}`, h])).values()].slice(-most / 2);
    }
  }

  private tell() {
    if (!this.waiting.length || document.hidden) return;
    const list = this.waiting;
    this.waiting = [];
    for (const [listener, words] of this.listeners) {
      const mine = list.filter((h) => words.some((w) => h.kind === w || h.kind.startsWith(w + '.')));
      if (mine.length) listener(mine);
    }
  }

  /** Has the stream until the page is left. */
  private async follow(): Promise<never> {
    let wait = 1000;
    for (;;) {
      try {
        const headers: Record<string, string> = this.last ? { 'Last-Event-ID': this.last } : {};
        const response = await fetch('/api/v1/events', { headers });
        if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
        wait = 1000;
        await this.read(response.body);
      } catch {
        // it is tried again
      }
      this.share([], false);
      await new Promise((done) => setTimeout(done, wait + Math.random() * wait));
      wait = Math.min(wait * 2, 30_000);
    }
  }

  private async read(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    this.share([], true);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      const list: Happening[] = [];
      for (const block of blocks) {
        const lines = block.split('\n');
        const id = lines.find((l) => l.startsWith('id:'));
        if (id) this.last = id.slice(3).trim();
        const data = lines.filter((l) => l.startsWith('data:')).map((l) => l.slice(5).trim());
        if (data.length) list.push(JSON.parse(data.join('\n')) as Happening);
      }
      this.share(list, true);
    }
  }

  private share(list: Happening[], connected: boolean) {
    this.take(list, connected);
    this.channel.postMessage({ list, connected });
  }
}

export const live = new Live();
