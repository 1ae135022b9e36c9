// What differences between providers and us are called, and what they mean.
import { words } from '../../lib/words';

export const t = words({
  title: { sv: 'Avstämning', en: 'Reconciliation' },
  run: { sv: 'Stäm av nu', en: 'Reconcile now' },
  'running-means': {
    sv: 'De tre senaste dygnen jämförs med vad betaltjänsterna har. Inget rättas av sig självt: varje skillnad blir en rad att ta ställning till.',
    en: 'The last three days are compared with what providers have. Nothing is corrected by itself: each difference is a row to decide on.',
  },
  never: {
    sv: 'Ingenting har stämts av än. Det sker av sig självt varje natt, eller nu om du vill.',
    en: 'Nothing was reconciled yet. It is done by itself each night, or now if you wish.',
  },
  progress: {
    sv: 'Stäms av: steg {step} av {steps}, {found} skillnader hittills',
    en: 'Reconciling: step {step} of {steps}, {found} differences so far',
  },
  went: {
    sv: 'Den senaste avstämningen gick inte: {why}. Nästa natt tas dess dagar med också, eller kör den igen nu.',
    en: 'The last reconciliation failed: {why}. Next night does its days too, or run it again now.',
  },
  last: {
    sv: 'Senast {at}: {ours} betalningar hos oss, {theirs} hos betaltjänster, {found} skillnader.',
    en: 'Last at {at}: {ours} payments of ours, {theirs} of providers, {found} differences.',
  },
  differences: { sv: 'Skillnader', en: 'Differences' },
  runs: { sv: 'Avstämningar', en: 'Runs' },
  difference: { sv: 'Skillnad', en: 'Difference' },
  means: { sv: 'Vad det betyder', en: 'What it means' },
  provider: { sv: 'Betaltjänst', en: 'Provider' },
  ours: { sv: 'Hos oss', en: 'Ours' },
  theirs: { sv: 'Hos dem', en: 'Theirs' },
  what: { sv: 'Gäller', en: 'Of' },
  seen: { sv: 'Sedan', en: 'Since' },
  resolution: { sv: 'Hur den löstes', en: 'How it was resolved' },
  itself: { sv: 'fanns inte mer', en: 'was no more' },
  resolve: { sv: 'Lös', en: 'Resolve' },
  'what-done': { sv: 'Vad ska göras?', en: 'What is to be done?' },
  fetch: { sv: 'Läs av och bokför', en: 'Read and take in' },
  'fetch-means': {
    sv: 'Betalningen läses av hos betaltjänsten och det som ändrats bokförs. Skiljer den sig fortfarande, blir det inte löst.',
    en: 'The payment is read at the provider, and what has changed is taken in. Where it differs still, it is not resolved.',
  },
  note: { sv: 'Bara en anteckning', en: 'Only a note' },
  'note-means': { sv: 'Inget bokförs. Skriv vad som gjordes på annat håll.', en: 'Nothing is posted. Write what was done elsewhere.' },
  'write-off': { sv: 'Skriv av', en: 'Write off' },
  'write-off-means': {
    sv: 'För det som ingen kan förklara: bokförs som avgift till betaltjänsten.',
    en: 'For what nobody can explain: posted as a fee of the provider.',
  },
  'note-for': { sv: 'Vad som gjordes, och varför', en: 'What was done, and why' },
  agree: {
    sv: 'Inga öppna skillnader: betaltjänsterna och Gnista är överens.',
    en: 'No open differences: the providers and Gnista agree.',
  },
  none: { sv: 'Inga skillnader har lösts än.', en: 'No differences were resolved yet.' },
  state: { sv: 'Läge', en: 'State' },
  any: { sv: 'alla', en: 'any' },
  open: { sv: 'öppna', en: 'open' },
  resolved: { sv: 'lösta', en: 'resolved' },
  begun: { sv: 'Började', en: 'Begun' },
  running: { sv: 'Pågår', en: 'Running' },
  done: { sv: 'Klar', en: 'Done' },
  failed: { sv: 'Gick inte', en: 'Failed' },
  of: { sv: 'Tid', en: 'Of the time' },
  found: { sv: 'Skillnader', en: 'Differences' },
  closed: { sv: 'Stängda', en: 'Closed' },
  movements: { sv: 'Nya rörelser', en: 'New movements' },
  error: { sv: 'Fel', en: 'Error' },
});

export const difference = words({
  'unknown-payment': { sv: 'Okänd betalning', en: 'Unknown payment' },
  'missing-payment': { sv: 'Betalning saknas hos dem', en: 'Payment is missing there' },
  amount: { sv: 'Olika belopp', en: 'Amounts differ' },
  currency: { sv: 'Olika valuta', en: 'Currencies differ' },
  'unknown-movement': { sv: 'Okänd rörelse', en: 'Unknown movement' },
  adjustment: { sv: 'Justering', en: 'Adjustment' },
  'not-in-settlements': { sv: 'Inte utbetald', en: 'Not in settlements' },
  payout: { sv: 'Utbetalningen stämmer inte', en: 'Payout does not add up' },
  'unbilled-transaction': { sv: 'Laddning utan debitering', en: 'Transaction not billed' },
  'unpaid-record': { sv: 'Debitering utan betalning', en: 'Record without payment' },
  'unsettled-payment': { sv: 'Betalning som inte blev klar', en: 'Payment not settled' },
});

export const meaning = words({
  'unknown-payment': {
    sv: 'Betaltjänsten har en betalning som inte är vår. Någon kan ha gjort den på dess egna sidor.',
    en: 'The provider has a payment that is not ours. Somebody may have made it on its own pages.',
  },
  'missing-payment': {
    sv: 'Vi har en betalning som betaltjänsten inte känner till. Kontrollera att nycklarna hör till rätt konto.',
    en: 'We have a payment that the provider does not know. Check that the keys are of the right account.',
  },
  amount: {
    sv: 'Draget eller återbetalt belopp skiljer sig. Pengar kan ha rörts på betaltjänstens egna sidor: läs av och bokför.',
    en: 'What was captured or refunded differs. Money may have been moved on the provider’s own pages: read and take in.',
  },
  currency: {
    sv: 'Betalningen är i olika valutor här och där. Ta upp det med betaltjänsten.',
    en: 'The payment is in different currencies here and there. Take it up with the provider.',
  },
  'unknown-movement': {
    sv: 'Pengar rörde sig på vårt saldo för en betalning som vi inte känner till.',
    en: 'Money moved on our balance for a payment that we do not know.',
  },
  adjustment: {
    sv: 'Betaltjänsten har ändrat vårt saldo själv. Fråga vad det gällde.',
    en: 'The provider has changed our balance itself. Ask what for.',
  },
  'not-in-settlements': {
    sv: 'Drogs för mer än tre dagar sedan men har inte kommit på saldot.',
    en: 'Was captured more than three days ago and is not on the balance.',
  },
  payout: { sv: 'Utbetalningen till banken är inte summan av sina delar.', en: 'The payout to the bank is not the sum of its parts.' },
  'unbilled-transaction': {
    sv: 'En avslutad laddning har ingen debitering efter en timme. Den kan vänta på granskning.',
    en: 'A finished transaction has no record after an hour. It may wait for review.',
  },
  'unpaid-record': { sv: 'En debitering har ingen betalning efter en timme.', en: 'A charge record has no payment after an hour.' },
  'unsettled-payment': {
    sv: 'En betalning är på väg sedan mer än en timme. Öppna den och försök nu.',
    en: 'A payment has been on its way for more than an hour. Open it and try now.',
  },
});
