// What happens while a station is connected for the first time.
import type { Schemas } from '../../lib/api';
import { words } from '../../lib/words';

export type Station = Schemas['StationView'];
export type Verdict = Schemas['VerdictView'];
type Profile = 0 | 1 | 2 | 3;

export const profiles: Profile[] = [1, 2, 3, 0];

/** How far a station has come. */
export type Step = 'silent' | 'refused' | 'open' | 'pending' | 'rejected' | 'ready';

/** What can be told of a station since a time: it was refused only if that is newer than what it did well. */
export function step(station: Station | undefined, verdicts: Verdict[], since: number): { step: Step; verdict?: Verdict } {
  const at = (when?: string) => (when ? new Date(when).getTime() : 0);
  if (station?.connected) {
    if (station.state !== 'accepted') return { step: station.state };
    return { step: at(station.bootedAt) >= at(station.connectedSince) - 1000 ? 'ready' : 'open' };
  }
  const verdict = verdicts
    .filter((v) => v.cause !== 'frame' && at(v.lastAt) >= since - 1000)
    .sort((a, b) => at(b.lastAt) - at(a.lastAt))[0];
  if (verdict) return { step: 'refused', verdict };
  return { step: 'silent' };
}

/** A password that any station takes: 24 letters and digits that are not taken for each other. */
export function makePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return [...crypto.getRandomValues(new Uint32Array(24))].map((b) => letters[b % letters.length]).join('');
}

const causes = words({
  identity: {
    sv: 'Identiteten i adressen duger inte. Den ska vara det sista i adressen, utan mellanslag och snedstreck.',
    en: 'The identity in the address is no good. It has to be the last part of the address, without spaces and slashes.',
  },
  unknown: {
    sv: 'Stationen är inte registrerad. Identiteten i stationen måste vara exakt den du skrev ovan, också stora och små bokstäver.',
    en: 'The station is not registered. The identity in the station has to be exactly the one that you typed above, capitals too.',
  },
  credentials: {
    sv: 'Fel lösenord, eller inget. Skriv in lösenordet ovan i stationen igen (AuthorizationKey eller BasicAuthPassword), med identiteten som användarnamn. Vissa stationer vill ha det som hexadecimala tecken.',
    en: 'The wrong password, or none. Type the password above into the station again (AuthorizationKey or BasicAuthPassword), with the identity as the user name. Some stations want it in hexadecimal digits.',
  },
  certificate: {
    sv: 'Stationens certifikat duger inte: det kommer från fel utfärdare, har gått ut eller gäller en annan identitet. Lägg in ett nytt under Certifikat.',
    en: 'The certificate of the station is no good: it is of another issuer, has expired, or is of another identity. Install a new one under Certificates.',
  },
  profile: {
    sv: 'Stationen ansluter med en lägre säkerhetsprofil än du har krävt. Ändra i stationen, eller tillåt en lägre här.',
    en: 'The station connects with a lower security profile than you require. Change it in the station, or allow a lower one here.',
  },
  tls: {
    sv: 'Den krypterade förbindelsen kom inte till stånd. Oftast litar stationen inte på vårt certifikat, har fel klocka eller kan bara gammal kryptering.',
    en: 'The encrypted connection could not be made. Mostly the station does not trust our certificate, has a wrong clock, or knows old encryption only.',
  },
  subprotocol: {
    sv: 'Stationen och systemet har ingen gemensam version av OCPP. Välj 1.6J, 2.0.1 eller 2.1 i stationen; SOAP och 1.5 går inte.',
    en: 'The station and the system have no version of OCPP in common. Choose 1.6J, 2.0.1 or 2.1 in the station; SOAP and 1.5 do not work.',
  },
  request: {
    sv: 'Stationen frågade inte efter en WebSocket. Kontrollera att adressen börjar med ws:// eller wss:// och att ingen proxy är i vägen.',
    en: 'The station did not ask for a WebSocket. See that the address begins with ws:// or wss://, and that no proxy is in the way.',
  },
  flood: { sv: 'Stationen försöker för ofta. Vänta en minut.', en: 'The station tries too often. Wait a minute.' },
  server: {
    sv: 'Systemet kunde inte ta emot den just nu. Stationen försöker igen av sig själv.',
    en: 'The system could not take it right now. The station tries again by itself.',
  },
  closed: { sv: 'Stationen kom in, men förbindelsen stängdes igen.', en: 'The station came in, but the connection was closed again.' },
  frame: { sv: 'Ett meddelande från stationen gick inte att förstå.', en: 'A message of the station could not be understood.' },
});

export const causeText = (cause: string): string => causes(cause as Parameters<typeof causes>[0]);

const names = words({
  p0: { sv: 'Utan lösenord (osäkert)', en: 'Without a password (not safe)' },
  p1: { sv: 'Lösenord, okrypterat (profil 1)', en: 'Password, not encrypted (profile 1)' },
  p2: { sv: 'Lösenord och TLS (profil 2)', en: 'Password and TLS (profile 2)' },
  p3: { sv: 'Certifikat och TLS (profil 3)', en: 'Certificate and TLS (profile 3)' },
});
const abouts = words({
  p0: {
    sv: 'Alla som känner identiteten kan utge sig för att vara stationen. Bara för att prova.',
    en: 'Anybody who knows the identity can pretend to be the station. To try things only.',
  },
  p1: {
    sv: 'Lösenordet går i klartext. Bra i ett eget nät eller en VPN.',
    en: 'The password goes in the clear. Good in a network of your own, or a VPN.',
  },
  p2: { sv: 'Det vanliga över internet.', en: 'The usual over the internet.' },
  p3: {
    sv: 'Stationen visar ett certifikat i stället för ett lösenord. Det ska finnas i stationen redan.',
    en: 'The station shows a certificate instead of a password. It has to be in the station already.',
  },
});
export const profileName = (p: number): string => names(`p${p}` as 'p0');
export const profileAbout = (p: number): string => abouts(`p${p}` as 'p0');
