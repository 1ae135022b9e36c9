// The page of a checkout: it is sent the changing part whenever something has happened, and asks for it where that
// does not work. What the driver has opened or is typing stays.
import { element } from './element';
import { ask, clock, read } from './page';
import { install, keep } from './offline';
import { offerToTell, showTeller } from './tell';

const silence = 20_000; // ms without anything sent after which a stream is taken for dead: pictures come every 5 s
const again = 4_000;

const box = () => document.getElementById('progress')!;

/** Puts the newest part of the page in. */
function show(text: string) {
  const next = read(text).getElementById('progress');
  const was = box();
  if (!next) return;
  if (next.dataset.element) {
    if (!was.dataset.element) location.reload(); // the page must allow for the payment company's form
    return; // the driver is typing in it
  }
  if (was.dataset.element && next.dataset.state === was.dataset.state) return;
  const active = document.activeElement;
  if (active instanceof HTMLInputElement && was.contains(active)) return; // it would be lost while it is typed in
  for (const old of was.querySelectorAll<HTMLDetailsElement>('details[data-keep][open]')) {
    next.querySelector<HTMLDetailsElement>('#' + old.id)?.setAttribute('open', '');
  }
  const head = was.querySelector('#now');
  const heading = next.querySelector('#now');
  if (head && heading && head.innerHTML === heading.innerHTML) heading.replaceWith(head); // is read aloud when it changes only
  const told = was.querySelector(':scope > .state');
  const telling = next.querySelector(':scope > .state');
  if (told && telling && told.innerHTML === telling.innerHTML) telling.replaceWith(told);
  was.replaceWith(next);
  if (active?.id) document.getElementById(active.id)?.focus({ preventScroll: true });
}

/** Counts down to what begins soon. */
function count() {
  for (const at of document.querySelectorAll<HTMLElement>('[data-until]')) {
    const left = Math.round((Number(at.dataset.until) - Date.now()) / 1000);
    at.textContent = left > 0 ? ` (${at.dataset.in} ${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')})` : '';
  }
}

export function follow() {
  const { part, live, offline, seen } = document.body.dataset;
  const net = document.getElementById('net')!;
  let stream: EventSource | null = null;
  let heard = Date.now(); // when something came
  let asking = false;

  const over = () => 'quiet' in box().dataset;
  const lost = () => {
    const since = Number(box().dataset.at);
    net.textContent = `${offline} ${seen} ${clock(since)}.`;
    net.hidden = false;
    document.body.classList.add('stale');
  };
  const take = (text: string) => {
    heard = Date.now();
    show(text);
    net.hidden = true;
    document.body.classList.remove('stale');
    count();
    keep();
    showTeller();
    if (over()) close();
  };
  const close = () => {
    stream?.close();
    stream = null;
  };
  const open = () => {
    if (stream || over() || document.hidden || !live) return;
    heard = Date.now();
    stream = new EventSource(live);
    stream.onmessage = (e) => take(JSON.parse(e.data as string) as string);
    stream.onerror = () => {
      close(); // asking tells whether it is the stream or the network
      void poll();
    };
  };
  const poll = async () => {
    if (asking || over() || !part) return;
    asking = true;
    const text = navigator.onLine ? await ask(part) : null;
    asking = false;
    if (text === null) lost();
    else take(text);
  };
  const wake = () => {
    if (document.hidden) {
      close(); // a phone that sleeps would not hear of it
      return;
    }
    if (stream && Date.now() - heard < silence) return;
    close();
    void poll().then(open);
  };

  element(box());
  count();
  keep();
  install();
  void offerToTell().catch(() => undefined); // a browser without its service for push
  open();
  setInterval(count, 1000);
  setInterval(wake, again);
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('pageshow', wake);
  window.addEventListener('online', wake);
  window.addEventListener('offline', lost);
}
