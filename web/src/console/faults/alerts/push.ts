// Alerts in this browser, also while no screen is open.
import { because, client, must } from '../../../lib/api';
import { read, words, write } from '../../../lib/words';

const kept = 'gnista-push'; // id of the channel that this browser is

const t = words({
  blocked: {
    sv: 'Webbläsaren visar inga aviseringar från Gnista. Tillåt dem i webbläsarens inställningar för sidan, och försök igen.',
    en: 'The browser shows no notifications of Gnista. Allow them in the settings of the browser for this page, and try again.',
  },
  failed: {
    sv: 'Webbläsaren kunde inte ansluta till sin tjänst för aviseringar. Är den avstängd, eller är webbläsaren utan nät? ({why})',
    en: 'The browser could not reach its service for notifications. Is that switched off, or has it no network? ({why})',
  },
});

/** Tells whether this browser can: it has to be a page over TLS, or on this machine. */
export const possible = (): boolean => 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;

/** The id of the channel that this browser is; empty where it is none. */
export async function subscribed(): Promise<string> {
  if (!possible()) return '';
  const worker = await navigator.serviceWorker.getRegistration('/');
  return (await worker?.pushManager.getSubscription()) ? (read(kept) ?? '') : '';
}

/** Has this browser told of alerts for somebody. */
export async function subscribe(person: string, name: string, reason: string): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted') throw new Error(t('blocked'));
  const { key } = await must(client.GET('/api/v1/push-subscriptions/key'));
  await navigator.serviceWorker.register('/push.js', { scope: '/' });
  const worker = await navigator.serviceWorker.ready;
  let s: globalThis.PushSubscription;
  try {
    s = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch (e) {
    throw new Error(t('failed', { why: (e as Error).message }), { cause: e });
  }
  const { endpoint, keys } = s.toJSON();
  try {
    const body = { person, name, endpoint: endpoint!, keys: { p256dh: keys!.p256dh!, auth: keys!.auth! } };
    const channel = await must(client.POST('/api/v1/push-subscriptions', { headers: because(reason), body }));
    write(kept, channel.id);
  } catch (e) {
    await s.unsubscribe();
    throw e;
  }
}

/** Has this browser no longer told. */
export async function unsubscribe(reason: string): Promise<void> {
  const id = read(kept);
  if (id) {
    const { response, error } = await client.DELETE('/api/v1/push-subscriptions/{id}', {
      params: { path: { id } },
      headers: because(reason),
    });
    if (!response.ok && response.status !== 404) await must(Promise.resolve({ response, error })); // 404: somebody else has forgotten it
  }
  const worker = await navigator.serviceWorker.getRegistration('/');
  await (await worker?.pushManager.getSubscription())?.unsubscribe();
  await worker?.unregister();
  write(kept, '');
}
