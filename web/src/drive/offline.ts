// The last page of a charge is kept in the browser, so that it can be read where there is no network. Nothing else
// is, and nothing that is sent.
export const store = 'charge';
const every = 10_000;
let kept = 0;

/** The page without what only a page that is live has. */
function snapshot(): string {
  const page = document.documentElement.cloneNode(true) as HTMLElement;
  for (const x of page.querySelectorAll('form, .problem:not(#net), .good')) x.remove();
  return '<!doctype html>\n' + page.outerHTML;
}

/** Keeps the page as it is while something is charged, and forgets it when that is over. */
export function keep() {
  if (!('caches' in window)) return;
  const state = document.getElementById('progress')?.dataset.state ?? '';
  const running = ['paid', 'starting', 'plug-in', 'charging', 'ended'].includes(state);
  if (running && Date.now() - kept < every) return;
  kept = Date.now();
  void caches
    .open(store)
    .then(async (cache) => {
      if (!running) {
        await cache.delete(location.pathname);
        return;
      }
      const parts = [...document.querySelectorAll<HTMLScriptElement>('script[type=module]')].map((x) => x.src);
      const styles = [...document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet], link[rel=icon]')].map((x) => x.href);
      const headers = {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy':
          "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
      };
      await cache.put(location.pathname, new Response(snapshot(), { headers }));
      for (const address of [...parts, ...styles]) {
        if (!(await cache.match(address))) await cache.add(address);
      }
    })
    .catch(() => undefined); // a browser that keeps nothing, as in private
}

/** Has the browser show what is kept where there is no network. */
export function install() {
  if (!('serviceWorker' in navigator)) return;
  void navigator.serviceWorker.register('/pay/worker.js', { scope: '/pay/' }).catch(() => undefined);
}
