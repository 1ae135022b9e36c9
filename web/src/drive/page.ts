// What all pages share.

/** Reads a text as a page, in which nothing runs. */
export function read(text: string): Document {
  return new DOMParser().parseFromString(text, 'text/html');
}

/** The time of day of a moment, as the page writes it. */
export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString(document.documentElement.lang === 'sv' ? 'sv-SE' : 'en-GB');
}

/** Fetches a page of ours; null is that there is no way to it, or none that is good. */
export async function ask(address: string): Promise<string | null> {
  try {
    const answer = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(15_000) });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

/** Does something every so often while the page is seen, and at once when it is seen again or there is a network. */
export function whileSeen(ms: number, doIt: () => Promise<unknown>): () => void {
  let busy = false;
  let over = false;
  const run = async () => {
    if (busy || over || document.hidden) return;
    busy = true;
    await doIt();
    busy = false;
  };
  const timer = setInterval(run, ms);
  const now = () => void run();
  document.addEventListener('visibilitychange', now);
  window.addEventListener('pageshow', now);
  window.addEventListener('online', now);
  return () => {
    over = true;
    clearInterval(timer);
    document.removeEventListener('visibilitychange', now);
    window.removeEventListener('pageshow', now);
    window.removeEventListener('online', now);
  };
}
