// Where there is no network, the page of a charge is shown as it was last. Only pages that are looked at come here:
// what is sent, and what is live, goes past. It also shows what drivers have this phone told, while no page is open.
/// <reference lib="webworker" />
export {};
declare const self: ServiceWorkerGlobalScope;

const store = 'charge';

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(new URL(request.url).pathname, { cacheName: store });
    if (kept) return kept;
    throw error;
  }
}

async function part(request: Request): Promise<Response> {
  const kept = await caches.match(request.url, { cacheName: store });
  return kept ?? fetch(request);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== 'GET' || address.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && /^\/pay\/[^/.]+$/.test(address.pathname)) event.respondWith(page(request));
  else if (address.pathname.startsWith('/built/') || address.pathname.startsWith('/assets/')) {
    event.respondWith(address.pathname.startsWith('/built/') ? part(request) : fetch(request).catch(() => part(request)));
  }
});

self.addEventListener('push', (event) => {
  let notice: { title?: string; body?: string; url?: string; tag?: string } = {};
  try {
    notice = (event.data?.json() ?? {}) as typeof notice;
  } catch {
    // what cannot be read is shown without a text: browsers want something to be shown
  }
  const { title, body, tag, url } = notice;
  event.waitUntil(self.registration.showNotification(title ?? 'Gnista', { body, tag, icon: '/assets/icon-192.png', data: url }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const address = event.notification.data as string | undefined;
  if (!address) return;
  const url = new URL(address, self.location.origin);
  if (url.origin !== self.location.origin) return;
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((windows) => {
      const open = windows.find((w) => new URL(w.url).pathname === url.pathname);
      return open ? open.focus() : self.clients.openWindow(url.href);
    }),
  );
});
