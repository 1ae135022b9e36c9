// The page of an outlet: what it is used for now is kept up to date, and nothing that the driver has chosen or is
// reading moves. A page that can be used and one that cannot are two pages, and the other is shown when it changes.
import { ask, read, whileSeen } from './page';

/** What the driver has chosen and written, by name, also while the outlet cannot be used. */
const chosen = new Map<string, string>();

function remember() {
  for (const x of document.querySelectorAll<HTMLInputElement>('main form input:not([type=hidden])')) {
    if (x.type !== 'radio' || x.checked) chosen.set(x.name, x.value);
  }
}

function restore() {
  for (const x of document.querySelectorAll<HTMLInputElement>('main form input:not([type=hidden])')) {
    const value = chosen.get(x.name);
    if (x.type === 'radio') x.checked = value === undefined ? x.checked : x.value === value;
    else if (value !== undefined) x.value = value;
  }
}

/** Waits for an outlet of which nothing is known yet. */
export function arrive() {
  whileSeen(5000, async () => {
    if ((await ask(location.href)) !== null) location.reload();
  });
}

export function watch() {
  const state = () => document.getElementById('state');
  if (!state()) return;
  whileSeen(5000, async () => {
    const text = await ask(location.href);
    if (text === null) return;
    const next = read(text);
    const was = state()!;
    const now = next.getElementById('state');
    if (!now || now.innerHTML === was.innerHTML) return;
    const usable = (page: ParentNode) => !!page.querySelector('main form');
    if (usable(document) !== usable(next)) {
      remember();
      document.querySelector('main')!.replaceWith(next.querySelector('main')!);
      restore();
      return;
    }
    was.replaceWith(now);
    const button = document.getElementById('go');
    const words = now.dataset.state === 'plugged' ? button?.dataset.plugged : button?.dataset.free;
    if (button && words) button.textContent = words;
  });
}
