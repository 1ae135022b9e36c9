// What a station was told, in words: what the API calls a command, as the screens name it.
import { words } from '../../../lib/words';

const t = words({
  start: { sv: 'Starta laddning', en: 'Start charging' },
  stop: { sv: 'Stoppa laddning', en: 'Stop charging' },
  unlock: { sv: 'Lås upp kabel', en: 'Unlock cable' },
  reset: { sv: 'Omstart', en: 'Restart' },
  availability: { sv: 'I eller ur drift', en: 'Into or out of service' },
  trigger: { sv: 'Be om ett meddelande', en: 'Ask for a message' },
  'clear-cache': { sv: 'Töm kortminnet', en: 'Clear cache of cards' },
  log: { sv: 'Hämta logg', en: 'Fetch log' },
  data: { sv: 'Tillverkarens meddelande', en: 'Message of the vendor' },
  'vendor-message': { sv: 'Tillverkarens meddelande', en: 'Message of the vendor' },
  call: { sv: 'OCPP-meddelande', en: 'OCPP message' },
  reserve: { sv: 'Boka uttag', en: 'Reserve outlet' },
  'cancel-reservation': { sv: 'Avboka', en: 'Cancel reservation' },
  'read-settings': { sv: 'Läs inställningar', en: 'Read settings' },
  'write-settings': { sv: 'Skriv inställningar', en: 'Write settings' },
  report: { sv: 'Läs alla inställningar', en: 'Read all settings' },
  firmware: { sv: 'Uppdatera program', en: 'Update firmware' },
  'publish-firmware': { sv: 'Dela ut program', en: 'Publish firmware' },
  'unpublish-firmware': { sv: 'Sluta dela ut program', en: 'Unpublish firmware' },
  password: { sv: 'Nytt lösenord', en: 'New password' },
  'security-profile': { sv: 'Högre säkerhetsprofil', en: 'Higher security profile' },
  'network-profile': { sv: 'Nätverksprofil', en: 'Network profile' },
  'send-local-list': { sv: 'Skicka lokal kortlista', en: 'Send local list' },
  'use-local-list': { sv: 'Använd lokal kortlista', en: 'Use local list' },
  'read-local-list-version': { sv: 'Läs kortlistans version', en: 'Read version of local list' },
  'read-local-list-limits': { sv: 'Läs kortlistans gränser', en: 'Read limits of local list' },
  'install-certificate': { sv: 'Lita på en rot', en: 'Trust a root' },
  'delete-certificate': { sv: 'Ta bort certifikat', en: 'Remove certificate' },
  'list-certificates': { sv: 'Lista certifikat', en: 'List certificates' },
  'deliver-certificate': { sv: 'Nytt certifikat', en: 'New certificate' },
  'renew-certificate': { sv: 'Förnya certifikat', en: 'Renew certificate' },
  'install-profile': { sv: 'Begränsa laddning', en: 'Limit charging' },
  'clear-profiles': { sv: 'Ta bort laddprofiler', en: 'Clear charging profiles' },
  'read-profiles': { sv: 'Läs laddprofiler', en: 'Read charging profiles' },
  'composite-schedule': { sv: 'Läs laddplan', en: 'Read charging schedule' },
  'display-message': { sv: 'Visa text', en: 'Show text' },
  'clear-display-message': { sv: 'Ta bort text', en: 'Remove text' },
  'read-display-messages': { sv: 'Läs texter', en: 'Read texts' },
  price: { sv: 'Visa pris', en: 'Show price' },
  'default-price': { sv: 'Visa allmänt pris', en: 'Show price for all' },
  cost: { sv: 'Visa kostnad', en: 'Show cost' },
  'final-cost': { sv: 'Visa slutkostnad', en: 'Show final cost' },
  'set-tariff': { sv: 'Skicka tariff', en: 'Send tariff' },
  'web-payment': { sv: 'Visa kod för betalning', en: 'Show code for payment' },
});

/** The name of a command, and what it was about. */
export function toldWord(c: { kind: string; note?: string }): string {
  let name = c.kind;
  try {
    name = t(c.kind as 'start');
  } catch {
    // a rare one goes by its own name
  }
  return c.note ? `${name}: ${c.note}` : name;
}
