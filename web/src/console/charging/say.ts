// What charges are said to be, in words.
import type { Schemas } from '../../lib/api';
import { words } from '../../lib/words';

export type Transaction = Schemas['TransactionView'];
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

const t = words({
  connected: { sv: 'Ansluten', en: 'Plugged in' },
  charging: { sv: 'Laddar', en: 'Charging' },
  'suspended-ev': { sv: 'Bilen tar inget', en: 'Car takes nothing' },
  'suspended-evse': { sv: 'Stationen ger inget', en: 'Station gives nothing' },
  idle: { sv: 'Står kvar', en: 'Stands idle' },
  active: { sv: 'Pågår', en: 'Going on' },
  ended: { sv: 'Avslutad', en: 'Ended' },
  waits: { sv: 'Väntar på beslut', en: 'Waits for a decision' },
});

const activities = ['connected', 'charging', 'suspended-ev', 'suspended-evse', 'idle'] as const;

export const activity = (a?: string): string => (activities.find((x) => x === a) ? t(a as (typeof activities)[number]) : (a ?? ''));

export function stateOf(x: Pick<Transaction, 'state' | 'activity' | 'blocked'>): { tone: Tone; text: string } {
  if (x.blocked) return { tone: 'warn', text: t('waits') };
  if (x.state === 'ended') return { tone: 'quiet', text: t('ended') };
  if (x.activity === 'charging') return { tone: 'good', text: t('charging') };
  return { tone: 'info', text: activity(x.activity) || t('active') };
}

interface Reason {
  title: { sv: string; en: string };
  why: { sv: string; en: string };
}

const reasons: Record<string, Reason> = {
  'orphan-stop': {
    title: { sv: 'Slut utan början', en: 'An end without a start' },
    why: {
      sv: 'Stationen berättade att laddningen slutade, men aldrig att den började. Ingen vet vem som laddade eller hur mycket.',
      en: 'The station told of the end, but never of the start. Nobody knows who charged, or how much.',
    },
  },
  'missing-start': {
    title: { sv: 'Början saknas', en: 'The start is missing' },
    why: {
      sv: 'Stationen skickade mätvärden, men aldrig starten. Energin före första mätvärdet är okänd.',
      en: 'Readings came, but never the start. What flowed before the first reading is not known.',
    },
  },
  'missing-stop': {
    title: { sv: 'Slutet saknas', en: 'The end is missing' },
    why: {
      sv: 'En annan bil laddar redan på uttaget, men stationen har inte berättat att den här slutade.',
      en: 'Another car charges there already, and the station never told that this one ended.',
    },
  },
  'missing-reading': {
    title: { sv: 'Mätarställning saknas', en: 'A meter reading is missing' },
    why: { sv: 'Mätarställningen vid start eller slut kom aldrig.', en: 'The reading at the start or at the end never came.' },
  },
  'meter-reset': {
    title: { sv: 'Mätaren gick baklänges', en: 'The meter went backwards' },
    why: {
      sv: 'Räkneverket visade mindre än tidigare: mätaren kan ha bytts eller nollställts under laddningen.',
      en: 'The register showed less than before: the meter may have been changed or reset during the charge.',
    },
  },
  'meter-disagrees': {
    title: { sv: 'Mätvärdena säger emot varandra', en: 'The readings disagree' },
    why: {
      sv: 'Start och slut ger en annan energi än mätvärdena däremellan.',
      en: 'Start and end say another energy than the readings between.',
    },
  },
  implausible: {
    title: { sv: 'Mer energi än möjligt', en: 'More energy than possible' },
    why: {
      sv: 'Så mycket energi kan uttaget inte ha gett på den tiden.',
      en: 'The outlet cannot have given that much energy in the time.',
    },
  },
  unauthorised: {
    title: { sv: 'Inget godkänt kort', en: 'No accepted card' },
    why: {
      sv: 'Energi gick åt, men inget kort blev godkänt. Ingen kan debiteras.',
      en: 'Energy flowed, and no card was accepted for it. There is nobody to bill.',
    },
  },
  'too-long': {
    title: { sv: 'Orimligt lång', en: 'Far too long' },
    why: {
      sv: 'Den varade längre än bilar laddar, eller så gick en klocka fel. Tiden debiteras inte.',
      en: 'It lasted longer than cars charge, or a clock was wrong. Its time costs nothing.',
    },
  },
  unsteady: {
    title: { sv: 'För många växlingar', en: 'Changed too often' },
    why: {
      sv: 'Den växlade mellan laddning och paus för ofta för att kunna följas. Tiden debiteras inte.',
      en: 'It went between charging and idle too often to follow. Its time costs nothing.',
    },
  },
  unreadable: {
    title: { sv: 'Slutet gick inte att läsa', en: 'The end could not be read' },
    why: {
      sv: 'Meddelandet som avslutade laddningen gick inte att förstå helt.',
      en: 'The message that ended it could not be understood in full.',
    },
  },
  'clock-skew': {
    title: { sv: 'Stationens klocka går fel', en: "The station's clock is wrong" },
    why: { sv: 'Vår tid användes i stället.', en: 'Our time was used instead.' },
  },
  'guessed-zone': {
    title: { sv: 'Tid utan tidszon', en: 'Times without a zone' },
    why: { sv: 'Stationens tider saknade tidszon och lästes som UTC.', en: "The station's times had no zone and were taken for UTC." },
  },
  'conflicting-stop': {
    title: { sv: 'Två olika slut', en: 'Two ends that differ' },
    why: {
      sv: 'Stationen skickade ett andra slut som säger något annat än det första. Det första gäller.',
      en: 'A second end says otherwise than the first, which holds.',
    },
  },
  'repaired-ref': {
    title: { sv: 'Fel nummer från stationen', en: 'A wrong number from the station' },
    why: {
      sv: 'Stationen skickade fel transaktionsnummer, men det var klart vilken som menades.',
      en: 'The station sent a wrong transaction id; the one meant was clear.',
    },
  },
  'missing-events': {
    title: { sv: 'Händelser saknas', en: 'Events are missing' },
    why: { sv: 'Några meddelanden mellan start och slut kom aldrig fram.', en: 'Some messages between the start and the end never came.' },
  },
  decided: {
    title: { sv: 'Avgjord av en människa', en: 'Decided by a person' },
    why: { sv: 'Någon har bestämt energin.', en: 'Somebody settled the energy.' },
  },
};

const saying = (k: string, part: keyof Reason) => words({ x: reasons[k]?.[part] ?? { sv: k, en: k } })('x');
export const reason = (k: string): string => saying(k, 'title');
export const why = (k: string): string => (reasons[k] ? saying(k, 'why') : '');

const bases = words({
  declared: { sv: 'stationens uppgift, från start till slut', en: "the station's word, from start to end" },
  'last-reading': { sv: 'fram till sista mätvärdet', en: 'up to the last reading' },
  'first-reading': { sv: 'från första mätvärdet', en: 'from the first reading' },
  sampled: { sv: 'mätvärdena däremellan', en: 'the readings between' },
  counted: { sv: 'det som mätvärdena ökade med', en: 'what the readings rose by' },
  nothing: { sv: 'inget är säkert', en: 'nothing is certain' },
});
export const basis = (b: Schemas['ProposalView']['basis']): string => bases(b);
