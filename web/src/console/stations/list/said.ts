// What stations are narrowed down by, in words.
import { words } from '../../../lib/words';
import { stateWord, statusWord } from '../words';
import type { Filter, Name } from './filter';

export const name = words({
  q: { sv: 'Id eller namn', en: 'Id or name' },
  site: { sv: 'Plats', en: 'Site' },
  state: { sv: 'Tillstånd', en: 'State' },
  connected: { sv: 'Kontakt', en: 'Contact' },
  vendor: { sv: 'Tillverkare', en: 'Vendor' },
  model: { sv: 'Modell', en: 'Model' },
  version: { sv: 'OCPP', en: 'OCPP' },
  firmware: { sv: 'Programversion', en: 'Firmware' },
  connector: { sv: 'Uttag', en: 'Any connector' },
  fault: { sv: 'Öppet fel', en: 'Open fault' },
});
export const value = words({
  online: { sv: 'uppkopplad', en: 'online' },
  offline: { sv: 'ingen kontakt', en: 'offline' },
  yes: { sv: 'ja', en: 'yes' },
  no: { sv: 'nej', en: 'no' },
});

/** A filter as facts. */
export function said(f: Filter): [string, string][] {
  return Object.entries(f).map(([k, v]) => {
    const text = String(v);
    if (k === 'connected') return [name(k), value(text === 'true' ? 'online' : 'offline')];
    if (k === 'fault') return [name(k), value(text === 'true' ? 'yes' : 'no')];
    if (k === 'connector') return [name(k), statusWord(text)];
    if (k === 'state') return [name(k), stateWord(text)];
    return [name(k as Name), text];
  });
}
