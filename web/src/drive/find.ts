// The list of places: what is free there is kept up to date, and it can be put in the order of how far it is. The
// position stays in the browser.
import { ask, read, whileSeen } from './page';

interface Position {
  north: number;
  east: number;
}

/** How far two positions are from each other, in km. */
export function apart(a: Position, b: Position): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((b.north - a.north) * rad) / 2) ** 2 +
    Math.cos(a.north * rad) * Math.cos(b.north * rad) * Math.sin(((b.east - a.east) * rad) / 2) ** 2;
  return 12_742 * Math.asin(Math.min(1, Math.sqrt(h)));
}

function positionOf(place: HTMLElement): Position | null {
  const [north, east] = (place.dataset.position ?? '').split(',').map(Number);
  return north === undefined || east === undefined || Number.isNaN(north + east) ? null : { north, east };
}

export function near() {
  const list = () => document.getElementById('places');
  if (!list()) return;
  const button = document.getElementById('near');
  const net = document.getElementById('net');
  let here: Position | null = null;

  const order = (places: HTMLElement) => {
    if (!here) return;
    const from = here;
    const words = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    const found = [...places.querySelectorAll<HTMLElement>('.found')].map((place) => {
      const at = positionOf(place);
      const km = at ? apart(from, at) : Infinity;
      const away = place.querySelector('.away');
      if (away && at) away.textContent = `${words.format(km)} ${document.body.dataset.km}`;
      return { place, km };
    });
    found.sort((a, b) => a.km - b.km);
    places.prepend(...found.map((x) => x.place));
  };
  const placed = () => !!list()!.querySelector('[data-position]');

  if (button && net) {
    button.hidden = !navigator.geolocation || !placed();
    button.addEventListener('click', () => {
      navigator.geolocation.getCurrentPosition(
        (p) => {
          here = { north: p.coords.latitude, east: p.coords.longitude };
          net.hidden = true;
          order(list()!);
        },
        () => {
          net.textContent = document.body.dataset.failed ?? '';
          net.hidden = false;
        },
        { timeout: 10_000, maximumAge: 60_000 },
      );
    });
  }
  whileSeen('none' in list()!.dataset ? 5_000 : 15_000, async () => {
    const at = new URL(location.href);
    at.searchParams.set('part', '');
    const text = await ask(at.href);
    const next = text === null ? null : read(text).getElementById('places');
    const was = list()!;
    if (!next || next.dataset.at === was.dataset.at) return;
    if ('none' in was.dataset !== 'none' in next.dataset) {
      location.reload(); // with or without the search, it is another page
      return;
    }
    const opened = [...was.querySelectorAll('details[open]')].map((d) => d.closest('.found')?.querySelector('h2')?.textContent);
    for (const place of next.querySelectorAll('.found')) {
      if (opened.includes(place.querySelector('h2')?.textContent)) place.querySelector('details')?.setAttribute('open', '');
    }
    if (was.contains(document.activeElement) && document.activeElement !== document.body) return; // somebody is in it
    order(next);
    was.replaceWith(next);
  });
}
