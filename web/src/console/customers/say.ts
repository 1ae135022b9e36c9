// What customers, accounts and cards are said to be, in words.
import type { Schemas } from '../../lib/api';
import { words } from '../../lib/words';

export { accountKind } from '../../lib/payers';

export type Customer = Schemas['PayerView'];
export type Account = Schemas['AccountView'];
export type Card = Schemas['TokenView'];
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

const t = words({
  private: { sv: 'Privatperson', en: 'Person' },
  company: { sv: 'Företag', en: 'Company' },
  blocked: { sv: 'Spärrat', en: 'Blocked' },
  open: { sv: 'Öppet', en: 'Open' },
  erased: { sv: 'Raderad', en: 'Erased' },
  early: { sv: 'Gäller inte än', en: 'Not valid yet' },
  expired: { sv: 'Har gått ut', en: 'Expired' },
  good: { sv: 'Gäller', en: 'Good' },
  unpaid: { sv: 'Inget konto betalar', en: 'No account pays' },
});

export const kindOf = (k: Customer['kind']): string => t(k);
export const accountState = (a: Account): { tone: Tone; text: string } =>
  a.blocked ? { tone: 'bad', text: t('blocked') } : { tone: 'good', text: t('open') };

export function cardState(k: Card, now: number): { tone: Tone; text: string } {
  if (k.blocked) return { tone: 'bad', text: t('blocked') };
  if (k.validFrom && Date.parse(k.validFrom) > now) return { tone: 'info', text: t('early') };
  if (k.expiresAt && Date.parse(k.expiresAt) <= now) return { tone: 'warn', text: t('expired') };
  return k.account ? { tone: 'good', text: t('good') } : { tone: 'info', text: t('unpaid') };
}
export const erased = t('erased');
