// Why a payment was declined, is short or has to be looked at: what Gnista, Stripe and Swish say, in words.
import { language } from '../../lib/words';

const texts: Record<string, [sv: string, en: string]> = {
  // Gnista
  'nobody to bill': ['Ingen betalar för det här: kortet har inget konto.', 'Nobody pays for this: the card has no account.'],
  'there is no such account': ['Kontot finns inte.', 'The account does not exist.'],
  'the account has another currency': ['Kontot har en annan valuta än priset.', 'The account has another currency than the tariff.'],
  'the hold has expired': ['Reservationen gick ut innan beloppet drogs.', 'The hold ended before the amount was taken.'],
  'too much was paid, and it could not be given back': [
    'För mycket betalades och kunde inte ges tillbaka.',
    'Too much was paid, and it could not be given back.',
  ],
  'what is set aside could not be released': ['Det reserverade beloppet kunde inte släppas.', 'What is set aside could not be released.'],
  'what is set aside is kept no longer': ['Beloppet hålls inte reserverat längre.', 'The amount is no longer set aside.'],
  'below-minimum': ['Beloppet är mindre än vad betaltjänsten tar.', 'The amount is less than the provider takes.'],
  'no-balance': ['Pengarna på kontot räcker inte.', 'There is too little on the account.'],
  'no-increment': ['Reservationen kan inte höjas med det här kortet.', 'The hold cannot be raised with this card.'],
  'no-mandate': ['Kortet är inte sparat längre.', 'The card is not on file any more.'],
  'no-account': ['Inget konto betalar för det här.', 'No account pays for this.'],
  nobody: ['Ingen betalar för det här.', 'Nobody pays for this.'],
  'too-late': ['Beloppet finns inte reserverat längre.', 'The amount is not set aside any more.'],
  'hold-expired': ['Reservationen gick ut innan beloppet drogs.', 'The hold ended before the amount was taken.'],
  'terminal-gives-nothing-back': [
    'Terminalen kan inte ge tillbaka: gör det på annat sätt.',
    'The terminal gives nothing back: do it in another way.',
  ],
  // Guests
  'nobody was there to start it in time': ['Laddningen kom inte igång i tid.', 'The charge did not begin in time.'],
  'the station did not answer': ['Laddstationen svarade inte.', 'The station did not answer.'],
  'the station is not connected': ['Laddstationen är inte ansluten.', 'The station is not connected.'],
  'the station refused: rejected': ['Laddstationen nekade.', 'The station refused.'],
  'the payment was abandoned': ['Gästen avbröt betalningen.', 'The guest gave the payment up.'],
  'the payment was declined': ['Betalningen nekades.', 'The payment was declined.'],
  'nobody paid in time': ['Betalades inte i tid.', 'Not paid in time.'],
  // Stripe: why a card was declined
  approve_with_id: [
    'Banken godkände inte köpet. Försök igen eller med ett annat kort.',
    'The bank did not approve. Try again, or another card.',
  ],
  authentication_required: ['Kunden måste godkänna köpet hos sin bank.', 'The customer has to approve at the bank.'],
  card_declined: ['Banken nekade kortet.', 'The bank declined the card.'],
  card_not_supported: ['Kortet kan inte användas för sådana köp.', 'The card does not do this kind of purchase.'],
  card_velocity_exceeded: ['Kortets gräns är nådd.', 'The limit of the card is reached.'],
  do_not_honor: ['Banken nekade kortet utan att säga varför.', 'The bank declined the card and does not say why.'],
  expired_card: ['Kortet har gått ut.', 'The card has expired.'],
  fraudulent: ['Banken tror att kortet används av någon annan.', 'The bank believes that somebody else uses the card.'],
  generic_decline: ['Banken nekade kortet utan att säga varför.', 'The bank declined the card and does not say why.'],
  incorrect_cvc: ['Säkerhetskoden var fel.', 'The security code was wrong.'],
  incorrect_number: ['Kortnumret var fel.', 'The number of the card was wrong.'],
  insufficient_funds: ['Pengarna på kortet räcker inte.', 'There is too little money on the card.'],
  issuer_not_available: ['Kundens bank svarar inte. Försök igen.', "The customer's bank does not answer. Try again."],
  lost_card: ['Kortet är anmält förlorat.', 'The card was reported lost.'],
  pickup_card: ['Kortet är spärrat.', 'The card is blocked.'],
  processing_error: ['Något gick fel hos kortnätet. Försök igen.', 'Something went wrong in the card network. Try again.'],
  stolen_card: ['Kortet är anmält stulet.', 'The card was reported stolen.'],
  transaction_not_allowed: ['Kortet får inte användas till det här köpet.', 'The card may not be used for this purchase.'],
  try_again_later: ['Banken kunde inte svara. Försök igen.', 'The bank could not answer. Try again.'],
  withdrawal_count_limit_exceeded: ['Kortets gräns är nådd.', 'The limit of the card is reached.'],
  // Why a bank took money back
  bank_cannot_process: ['Banken kunde inte genomföra köpet.', 'The bank could not process the purchase.'],
  credit_not_processed: ['Kunden väntar på en återbetalning.', 'The customer waits for a refund.'],
  debit_not_authorized: ['Kunden har inte godkänt dragningen.', 'The customer has not authorised the debit.'],
  duplicate: ['Kunden har betalat två gånger.', 'The customer paid twice.'],
  general: ['Inget skäl är angivet.', 'No reason is given.'],
  product_not_received: ['Kunden säger att inget levererades.', 'The customer says that nothing was delivered.'],
  product_unacceptable: ['Kunden är inte nöjd med det som levererades.', 'The customer does not accept what was delivered.'],
  subscription_canceled: ['Kunden har sagt upp avtalet.', 'The customer has ended the contract.'],
  unrecognized: ['Kunden känner inte igen köpet.', 'The customer does not recognise the purchase.'],
  // Swish
  ACMT01: ['Kundens nummer är inte anslutet till Swish.', "The customer's number has no Swish."],
  ACMT03: ['Kundens nummer är inte anslutet till Swish.', "The customer's number has no Swish."],
  ACMT07: ['Mottagarens nummer är inte anslutet till Swish.', "The payee's number has no Swish."],
  AM02: ['Beloppet är för stort.', 'The amount is too large.'],
  AM06: ['Beloppet är för litet.', 'The amount is too small.'],
  AM14: ['Kundens gräns hos banken är nådd.', "The customer's limit at the bank is reached."],
  AM21: ['Kundens gräns hos banken är nådd.', "The customer's limit at the bank is reached."],
  BANKIDCL: ['Kunden avbröt i BankID.', 'The customer cancelled in BankID.'],
  BANKIDONGOING: ['Kunden använde redan BankID till annat.', 'The customer was using BankID for something else.'],
  BANKIDUNKN: ['BankID kunde inte godkänna köpet.', 'BankID could not approve.'],
  BE18: ['Telefonnumret är inte riktigt.', 'The phone number is not right.'],
  DECLINED: ['Kunden sa nej i Swish.', 'The customer said no in Swish.'],
  DS24: [
    'Swish fick inget svar från banken: se på bankkontot om pengarna kom.',
    'The bank did not answer Swish: see in the bank account whether the money came.',
  ],
  FF08: ['Betalningens referens var fel.', 'The reference of the payment was wrong.'],
  FF10: ['Banken kunde inte genomföra betalningen.', 'The bank could not process the payment.'],
  RF07: ['Kundens bank nekade betalningen.', "The customer's bank declined."],
  TM01: ['Kunden svarade inte i tid i Swish.', 'The customer did not answer in Swish in time.'],
};

/** A reason in words; what is not known stays as it was said. */
export function reason(r?: string): string {
  if (!r) return '';
  const known = texts[r];
  if (known) return known[language === 'sv' ? 0 : 1];
  const not = /^it could not be cancelled: (.*)$/.exec(r);
  if (not) return (language === 'sv' ? 'Det gick inte att avbryta: ' : 'It could not be cancelled: ') + reason(not[1]);
  const currency = /^its charge record is in (\w+)$/.exec(r);
  if (currency) return language === 'sv' ? `Debiteringen är i ${currency[1]}.` : `Its charge record is in ${currency[1]}.`;
  return r;
}
