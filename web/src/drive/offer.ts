// The page of an outlet: what it is used for now is kept up to date, and nothing that the driver has chosen or is
// reading moves. A page that can be used and one that cannot are two pages, and the other is shown when it changes.
import { ask, read, whileSeen } from './page';

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
      document.querySelector('main')!.replaceWith(next.querySelector('main')!);
      return;
    }
    was.replaceWith(now);
    const button = document.getElementById('go');
    const words = now.dataset.state === 'plugged' ? button?.dataset.plugged : button?.dataset.free;
    if (button && words) button.textContent = words;
  });
}
