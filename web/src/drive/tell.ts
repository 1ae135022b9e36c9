// A driver may have this phone told how the charge goes, also while the page is closed.

/** Tells the page's server something about a subscription; what it answers, or its status where it does not do it. */
async function say(address: string, subscription: PushSubscription): Promise<boolean | number> {
  const lang = document.documentElement.lang;
  const answer = await fetch(`${address}?lang=${lang}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(subscription),
    signal: AbortSignal.timeout(15_000),
  });
  return answer.ok ? ((await answer.json()) as { on: boolean }).on : answer.status;
}

/** Shows the button once it can be used and the driver has paid, and takes it away when there is nothing more to tell. */
export function showTeller(): void {
  const form = document.getElementById('tell');
  const progress = document.getElementById('progress');
  if (!form || !progress) return;
  if ('quiet' in progress.dataset) form.remove();
  else form.hidden = !form.dataset.ready || progress.dataset.state === 'paying';
}

/** Readies the button where the browser can, and there is something to be told of. */
export async function offerToTell(): Promise<void> {
  const form = document.getElementById('tell');
  const note = document.getElementById('told');
  const button = form?.querySelector('button');
  const { key, at } = form?.dataset ?? {};
  if (!form || !note || !button || !key || !at) return;
  if (!isSecureContext || !('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return;
  if (Notification.permission === 'denied') return;
  const what = note.textContent;
  let on = false;
  const show = (text: string) => {
    note.textContent = text;
    button.textContent = (on ? button.dataset.hush : button.dataset.tell) ?? '';
    button.disabled = false;
  };
  const worker = await navigator.serviceWorker.ready;
  const had = await worker.pushManager.getSubscription();
  if (had) on = (await say(`${at}/state`, had)) === true;
  show((on && note.dataset.yes) || what);
  form.dataset.ready = 'yes';
  showTeller();

  const turnOn = async () => {
    if ((await Notification.requestPermission()) !== 'granted') return note.dataset.blocked;
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const said = await say(at, subscription);
    on = said === true;
    if (on) return note.dataset.yes;
    return said === 409 ? note.dataset.full : note.dataset.failed;
  };
  const turnOff = async () => {
    const subscription = await worker.pushManager.getSubscription();
    if (subscription && (await say(`${at}/off`, subscription)) !== false) return note.dataset.failed;
    on = false; // the subscription stays: another charge may have this phone told
    return what;
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    button.disabled = true;
    void (on ? turnOff() : turnOn()).catch(() => note.dataset.failed).then((text) => show(text ?? ''));
  });
}
