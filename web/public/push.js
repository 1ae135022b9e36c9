// Shows alerts that a push service brings while no screen is open. Each is a notice: title, body, url, tag.
self.addEventListener('push', (event) => {
  let notice = {};
  try {
    notice = event.data?.json() ?? {};
  } catch {
    // what cannot be read is shown as an alert without a text
  }
  event.waitUntil(
    self.registration.showNotification(notice.title || 'Gnista', {
      body: notice.body || '',
      tag: notice.tag,
      icon: '/assets/icon.svg',
      data: { url: notice.url || '/faults' },
    }),
  );
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? '/faults', self.location.origin).href;
  event.waitUntil(
    self.clients.matchAll({ type: 'window', includeUncontrolled: true }).then((windows) => {
      const open = windows.find((w) => w.url === url);
      return open ? open.focus() : self.clients.openWindow(url);
    }),
  );
});
