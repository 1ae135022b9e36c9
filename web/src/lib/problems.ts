// What the API says is wrong, in Swedish. The API says it in plain English, which is what a screen in English shows.
// {x} stands for anything, and is put in as it is; {thing} is one of the things below.
const things: Record<string, string> = {
  account: 'konto',
  authority: 'utfärdare',
  campaign: 'massåtgärd',
  card: 'kort',
  'certificate with the serial number': 'certifikat med serienumret',
  checkout: 'kassa',
  'charge record': 'laddpost',
  customer: 'kund',
  difference: 'skillnad',
  fault: 'fel',
  file: 'fil',
  'firmware file': 'firmwarefil',
  incident: 'händelse',
  invoice: 'faktura',
  'invoice run': 'fakturering',
  link: 'länk',
  mandate: 'sparat betalkort',
  payment: 'betalning',
  passkey: 'passkey',
  receipt: 'kvitto',
  reservation: 'bokning',
  root: 'rotcertifikat',
  session: 'inloggning',
  site: 'plats',
  station: 'laddstation',
  stream: 'ström av värden',
  tariff: 'pris',
  template: 'mall',
  token: 'kort',
  transaction: 'laddning',
  'unknown token': 'okänt kort',
  user: 'användare',
};

const said: [en: string, sv: string][] = [
  // Who asks, and what is asked for
  ['validation failed', 'Något som fylldes i stämmer inte.'],
  ['there is no such {thing}', 'Det finns ingen sådan {thing}.'],
  ['there is no {thing} "{x}"', 'Det finns ingen {thing} ”{x}”.'],
  ['there is no {thing} {x}', 'Det finns ingen {thing} ”{x}”.'],
  ['you have no right to {x}', 'Du har inte rätt till det. Be en administratör om den.'],
  ['another user has the address {x}', 'En annan användare har redan adressen {x}.'],
  [
    'there are users already; one of them who may has to add others',
    'Det finns redan användare: någon av dem som har rätt till det får lägga till fler.',
  ],
  [
    'this is the last administrator; make somebody else one before',
    'Det här är den sista administratören. Gör först någon annan till administratör.',
  ],
  ['the address and the password do not belong together', 'Adressen och lösenordet hör inte ihop.'],
  ['this passkey is known already', 'Den passkeyn finns redan.'],
  [
    'no mail is set up here, so nobody can be sent a link',
    'Ingen e-post är inställd, så ingen kan få en länk. Under Inställningar står hur den slås på.',
  ],
  ['the table would have more than {n} lines; ask for one site', 'Tabellen skulle få fler än {n} rader. Välj en plats.'],
  ['there are {n} already, which is the most; delete some', 'Det finns redan {n}, och fler får inte finnas. Ta bort några.'],
  ['the system is stopping', 'Systemet håller på att stängas av. Försök igen om en stund.'],
  // Stations
  ['station {x} is not connected', 'Laddstationen {x} är inte ansluten, så den kan inte göra det nu. Försök igen när den är tillbaka.'],
  ['the station is not connected', 'Laddstationen är inte ansluten, så den kan inte göra det nu. Försök igen när den är tillbaka.'],
  ['station {x} did not answer in time', 'Laddstationen {x} svarade inte i tid, så vad den gjorde är inte känt. Se efter hur det är nu.'],
  [
    'the connection of station {x} ended before it answered',
    'Förbindelsen med {x} bröts innan den svarade, så vad den gjorde är inte känt. Se efter hur det är nu.',
  ],
  [
    'station {x} was busy with other requests, so this one was not sent',
    'Laddstationen {x} var upptagen, så det här skickades inte. Försök igen.',
  ],
  ['the station answers {x}', 'Laddstationen svarar {x}.'],
  ['the station refused', 'Laddstationen nekade.'],
  ['station {x} is rejected; nothing may be sent to it', 'Laddstationen {x} är avvisad, så inget skickas till den. Godkänn den först.'],
  ['station {x} is {y}; accept it first', 'Laddstationen {x} är inte godkänd än. Godkänn den först.'],
  ['station {x} has no EVSE {n} that is known', 'Laddstationen {x} har inget känt uttag {n}.'],
  ['station {x} has {n} connectors', 'Laddstationen {x} har {n} kontakter: ange vilken.'],
  ['a car charges at EVSE {n} of station {x}', 'En bil laddar vid uttag {n} på {x}.'],
  ['EVSE {n} of station {x} is {y}', 'Uttag {n} på {x} är inte ledigt ({y}).'],
  ['EVSE {n} is reserved for another token', 'Uttag {n} är bokat för ett annat kort.'],
  ['somebody else is at EVSE {n} of station {x}', 'Någon annan är vid uttag {n} på {x}.'],
  ['several transactions are active; say which', 'Flera laddningar pågår: ange vilken.'],
  ['no transaction is active there', 'Ingen laddning pågår där.'],
  ['transaction {x} has ended', 'Laddningen har avslutats.'],
  ['transaction {x} is finished already', 'Laddningen är redan klar.'],
  ['transaction {x} is not one of station {y}', 'Laddningen hör inte till laddstationen {y}.'],
  ['the reservation is {x} already', 'Bokningen gäller inte längre.'],
  [
    'the site has stations, {x} among them ({n} in all); give them another site first',
    'Platsen har laddstationer ({n} st, bland dem {x}). Flytta dem till en annan plats först.',
  ],
  // Cards and accounts
  ['a token of type {x} with this UID is there already', 'Det finns redan ett kort med det numret.'],
  ['the token may not charge: it is {x}', 'Kortet får inte ladda: det är spärrat, har gått ut eller är okänt.'],
  ['the account is blocked', 'Kontot är spärrat.'],
  ['the account has only {n} {x} to use', 'Kontot har för lite pengar för det.'],
  ['account {x} has {n} left: {rest}', 'Kontot har inte så mycket kvar: något är skuld eller reserverat för en laddning.'],
  ['account {x} is {y} and has no balance; only a prepaid one has', 'Bara ett förbetalt konto har ett saldo.'],
  [
    'account {x} has no customer, so there is nobody to send an invoice to',
    'Kontot har ingen kund, så det finns ingen att skicka fakturan till.',
  ],
  ['the customer was erased, and is only kept for the books', 'Kundens uppgifter har raderats; det som är kvar är för bokföringen.'],
  ['the customer was erased already', 'Kundens uppgifter har redan raderats.'],
  ['{x} names it; change that first', '{x} använder det. Ändra det först.'],
  // Tariffs
  ['the tariff cannot be deleted: it {x}', 'Priset kan inte tas bort: det används.'],
  ['the price has changed since it was shown', 'Priset har ändrats sedan det visades. Läs in sidan igen.'],
  ['no version of tariff {x} is in force', 'Ingen version av priset gäller nu.'],
  ['no later version of tariff {x} is planned', 'Ingen senare version av priset är planerad.'],
  // Payments
  ['payment {x} is being settled', 'Betalningen håller på att göras upp. Försök igen om en stund.'],
  ['payment {x} pays for nothing yet; release it', 'Betalningen har inte betalat något än. Släpp reservationen i stället.'],
  ['payment {x} is with the provider "{y}", which is not set up', 'Betalningen finns hos {y}, som inte är inställd här.'],
  ['payment {x} is {y}, and nothing of it is unknown or short', 'Inget i betalningen är okänt eller saknas.'],
  [
    'payment {x} is {y}, and nothing is missing of it that could be paid by a link',
    'Inget saknas i betalningen som kan betalas med en länk.',
  ],
  ['payment {x} is {y}, and nobody is asked for it', 'Ingen väntas betala den resten.'],
  ['payment {x} has nothing set aside any more', 'Det finns inte längre något reserverat i betalningen.'],
  ['of payment {x} no more than {n} can be refunded', 'Så mycket kan inte betalas tillbaka.'],
  ['of payment {x} {n} is missing, and no longer {m}', 'Det som saknas har ändrats. Läs in sidan igen.'],
  ['the idempotency key was used for another refund, of {n}', 'En annan återbetalning har redan gjorts härifrån. Läs in sidan igen.'],
  ['the checkout is {x}', 'Kassan är inte i det läget längre. Läs in sidan igen.'],
  ['nothing is missing', 'Ingenting saknas.'],
  ['{x} cannot set an amount aside', '{x} kan inte reservera ett belopp.'],
  ['{x} tells of its payouts by itself', '{x} berättar själv om sina utbetalningar.'],
  ['difference {x} is resolved', 'Skillnaden är redan avklarad.'],
  ['difference {x} was written off before', 'Skillnaden har redan skrivits av.'],
  [
    'it differs still: payment {x} has {n} and the provider {m}',
    'Det skiljer fortfarande. Jämför igen, eller gör något åt det som skiljer.',
  ],
  ['of a difference of the kind {x} nothing can be written off', 'En sådan skillnad kan inte skrivas av.'],
  // Invoices and records
  [
    'the seller has no name or country; set --seller-name and --seller-country',
    'Säljaren saknar namn eller land. Ställ in --seller-name och --seller-country.',
  ],
  ['the seller has no VAT number; set --seller-vat', 'Säljaren saknar momsnummer. Ställ in --seller-vat.'],
  [
    'the seller has no electronic address; set --seller-endpoint, or --seller-number of a Swedish one',
    'Säljaren saknar elektronisk adress. Ställ in --seller-endpoint, eller --seller-number för en svensk.',
  ],
  [
    'customer {x} has no electronic address, so no invoice can be sent there; set its endpoint',
    'Kunden saknar elektronisk adress, så ingen e-faktura kan göras. Lägg till den hos kunden.',
  ],
  ['invoice {n} has been written off', 'Faktura {n} har skrivits av.'],
  ['invoice {n} has been credited already', 'Faktura {n} har redan krediterats.'],
  ['invoice {n} is {x}: nothing of it is to be paid', 'På faktura {n} finns inget kvar att betala.'],
  [
    'invoice {n} is {x} and was due {y}: only one that is overdue is reminded of',
    'Faktura {n} har inte förfallit, så ingen påminnelse behövs.',
  ],
  ['number {n} is a credit note, which nobody pays', 'Nummer {n} är en kreditfaktura: den betalas inte.'],
  ['number {n} is a credit note itself', 'Nummer {n} är själv en kreditfaktura.'],
  [
    'charge record {x} was corrected already, by credit {n}; correct what stands instead',
    'Laddposten har redan rättats, med kredit {n}. Rätta den som gäller i stället.',
  ],
  [
    'charge record {n} is a credit, which is not corrected; correct the one that stands instead',
    'Nummer {n} är en kredit och rättas inte. Rätta den som gäller i stället.',
  ],
  [
    'a payment with the reference "{x}" came before, of another amount or from elsewhere',
    'En betalning med referensen {x} har redan tagits in, på ett annat belopp eller från ett annat håll.',
  ],
  [
    'the limits were changed at {x}: look at them again, and say that as updatedAt',
    'Någon annan har ändrat gränserna under tiden. Läs in sidan igen.',
  ],
  ['EVSE {n} of station {x} is called {y} already', 'Uttag {n} på laddstation {x} heter redan {y}.'],
  // Single fields
  [
    'must be like SE*ABC*E123: two letters for the country, three letters or digits for the operator, E, and up to {n} letters, digits and *',
    'ska se ut som SE*ABC*E123: två bokstäver för landet, tre bokstäver eller siffror för operatören, E, och högst {n} bokstäver, siffror och *',
  ],
  ['is missing', 'saknas'],
  ['is needed', 'behövs'],
  ['is empty', 'är tomt'],
  ['is negative', 'får inte vara mindre än noll'],
  ['must be {n} to {m}', 'ska vara {n} till {m}'],
  ['is not from {n} to {m}', 'ska vara {n} till {m}'],
  ['must have {n} to {m} characters', 'ska ha {n} till {m} tecken'],
  ['is longer than {n} characters', 'får ha högst {n} tecken'],
  ['is longer than {n} bytes', 'är för långt: högst {n} byte'],
  ['has more than one decimal', 'får ha högst en decimal'],
  ['must be after {x}', 'ska vara efter {x}'],
  ['is not after {x}', 'ska vara efter {x}'],
  ['is more than {n} days after {x}', 'är mer än {n} dagar efter {x}'],
  ['is in the past', 'har redan varit'],
  ['"{x}" is not an ISO 4217 code, like "SEK"', '”{x}” är ingen valuta som ”SEK”'],
  ['"{x}" is not a time as in {y}', '”{x}” är ingen tid'],
  ['"{x}" is not a time of day like {y}', '”{x}” är inget klockslag som {y}'],
  ['"{x}" is not a decimal number of 0 or more, like "{y}"', '”{x}” är inget tal som {y}'],
  ['"{x}" is not a whole number of 0 or more', '”{x}” är inget heltal'],
  ['"{x}" has more decimals than amounts in {y}', '”{x}” har fler decimaler än belopp i {y}'],
  ['"{x}" is neither {y} nor {z}', '”{x}” ska vara {y} eller {z}'],
  ['"{x}" is none of those that are set up', '”{x}” är inte inställd här'],
  ['{x} is not one of {y}', '{x} ska vara något av {y}'],
  ['expected length >= {n}', 'ska ha minst {n} tecken'],
  ['expected length <= {n}', 'får ha högst {n} tecken'],
  ['expected number >= {n}', 'ska vara minst {n}'],
  ['expected number <= {n}', 'får vara högst {n}'],
  ['expected array length >= {n}', 'ska ha minst {n}'],
  ['expected array length <= {n}', 'får ha högst {n}'],
  ['expected required property {x} to be present', '{x} saknas'],
  ['expected value to be one of {x}', 'ska vara något av {x}'],
  ['expected string to be RFC 3339 {x}', 'är ingen tid'],
  ['expected string to be RFC 5322 email: {x}', 'är ingen e-postadress'],
  ['expected integer', 'ska vara ett heltal'],
  ['expected number', 'ska vara ett tal'],
  ['expected string to match pattern {x}', 'är skrivet på ett sätt som inte går'],
];

const neuter = new Set([
  'konto',
  'kort',
  'fel',
  'kvitto',
  'pris',
  'rotcertifikat',
  'okänt kort',
  'sparat betalkort',
  'certifikat med serienumret',
]);

const patterns = said.map(([en, sv]) => {
  const names: string[] = [];
  const source = en.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return name === 'thing' ? `(${Object.keys(things).join('|')})` : name === 'n' || name === 'm' ? '([\\d.]+)' : '(.+?)';
  });
  return { match: new RegExp(`^${source}$`), names, sv };
});

/** The words of the API in Swedish; undefined where they are not among the usual ones. */
export function swedish(text: string): string | undefined {
  for (const { match, names, sv } of patterns) {
    const found = match.exec(text);
    if (!found) continue;
    return names.reduce((out, name, i) => {
      const value = found[i + 1]!;
      if (name !== 'thing') return out.replace(`{${name}}`, value);
      const thing = things[value]!;
      const fit = neuter.has(thing) ? out.replace('ingen sådan', 'inget sådant').replace('ingen', 'inget') : out;
      return fit.replace('{thing}', thing);
    }, sv);
  }
  return undefined;
}

/** What a refusal is, where nothing more is known in Swedish. */
export const kinds: Record<number, string> = {
  400: 'Det som skickades kunde inte förstås.',
  403: 'Du har inte rätt till det. Be en administratör om den.',
  404: 'Det finns inte, eller inte längre.',
  409: 'Det går inte med hur det är just nu.',
  412: 'Någon annan har ändrat det under tiden. Läs in sidan igen.',
  413: 'Det är för stort.',
  422: 'Något som fylldes i stämmer inte.',
  501: 'Det går inte med den laddstationen, eller är inte inställt här.',
  502: 'Laddstationen, eller den som frågades, nekade.',
  503: 'Laddstationen är inte ansluten, så det går inte just nu.',
  504: 'Svaret kom inte i tid, så vad som gjordes är inte känt. Se efter hur det är nu.',
};

const fields: Record<string, string> = {
  account: 'Konto',
  address: 'Adress',
  amount: 'Belopp',
  breakerA: 'Säkring',
  blockReason: 'Anledning till spärren',
  card: 'Kort',
  city: 'Ort',
  code: 'Kod',
  comment: 'Kommentar',
  country: 'Land',
  creditLimit: 'Kreditgräns',
  currency: 'Valuta',
  customer: 'Kund',
  elements: 'Priser',
  email: 'E-post',
  endpoint: 'Elektronisk adress',
  evseId: 'EVSE-id',
  energyWh: 'Energi',
  evse: 'Uttag',
  expiresAt: 'Gäller till',
  firmware: 'Firmware',
  from: 'Från',
  grants: 'Roller',
  group: 'Grupp',
  hold: 'Reservation',
  id: 'Id',
  kind: 'Slag',
  language: 'Språk',
  limit: 'Gräns',
  minutes: 'Minuter',
  name: 'Namn',
  node: 'Nod',
  note: 'Anteckning',
  parent: 'Matas av',
  password: 'Lösenord',
  phone: 'Telefon',
  postalCode: 'Postnummer',
  price: 'Pris',
  provider: 'Betaltjänst',
  reason: 'Anledning',
  reference: 'Referens',
  registration: 'Organisationsnummer',
  role: 'Roll',
  since: 'Från',
  site: 'Plats',
  sites: 'Platser',
  state: 'Läge',
  station: 'Laddstation',
  stations: 'Laddstationer',
  street: 'Gata',
  tariff: 'Pris',
  termDays: 'Betalningstid',
  to: 'Till',
  token: 'Kort',
  type: 'Slag',
  uid: 'Kortets nummer',
  until: 'Till',
  url: 'Adress',
  value: 'Värde',
  vat: 'Moms',
  vatNumber: 'Momsnummer',
  vatPercent: 'Moms',
  zone: 'Tidszon',
};

/** What a field is called, of a path as elements[0].price; the path itself where it is not known. */
export function fieldName(path: string): string {
  const name = path.replace(/\[\d+\]$/, '').replace(/^.*\./, '');
  const index = /\[(\d+)\]/.exec(path)?.[1];
  const known = fields[name];
  return known ? (index === undefined ? known : `${known} (nr ${Number(index) + 1})`) : path;
}
