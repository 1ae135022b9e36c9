// What should be known of a tariff before it is used, in the language of the screens.
import { language } from '../../lib/words';

const swedish: Record<string, string> = {
  'consumers must be shown prices with VAT': 'konsumenter måste få se priser med moms',
  'drivers pay for more than they use, and stations that show costs do not know of steps':
    'förare betalar för mer än de använder, och stationer som visar kostnaden känner inte till stegen',
  'a price that depends on power or current is as exact as what stations measure: one that tells neither is taken to have none':
    'ett pris som beror på effekt eller ström är så exakt som stationens mätning: den som inte berättar någotdera antas inte ha någon',
  'drivers pay from the first minute after their car has charged': 'förare betalar från första minuten efter att bilen har laddat klart',
  'all of it is free': 'allt är gratis',
  'there is no price for energy; public stations of 50 kW and more must charge for each kWh where drivers pay without a contract':
    'det finns inget pris för energi; publika stationer på 50 kW och mer måste ta betalt per kWh av förare utan avtal',
  'there is no limit for a car that is left for days': 'det finns inget tak för en bil som står kvar i flera dagar',
};

export const warning = (text: string): string => (language === 'sv' ? (swedish[text] ?? text) : text);
