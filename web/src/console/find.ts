// What has a name or a number, found by it: each part of the API is asked for the one with that id.
import { client } from '../lib/api';
import { words } from '../lib/words';

const t = words({
  station: { sv: 'laddstation', en: 'station' },
  transaction: { sv: 'laddning', en: 'transaction' },
  card: { sv: 'kort', en: 'card' },
  customer: { sv: 'kund', en: 'customer' },
  payment: { sv: 'betalning', en: 'payment' },
  invoice: { sv: 'faktura', en: 'invoice' },
  fault: { sv: 'fel', en: 'fault' },
  incident: { sv: 'händelse', en: 'incident' },
  case: { sv: 'ärende', en: 'case' },
  record: { sv: 'debitering', en: 'charge record' },
});

export interface Found {
  href: string;
  title: string;
  kind: string;
}

/** Finds what has an id. What may not be seen, or is not there, is left out. */
export async function find(q: string, signal: AbortSignal): Promise<Found[]> {
  const one = async (ask: Promise<{ data?: unknown; response: Response }>, show: (x: never) => Found): Promise<Found[]> => {
    try {
      const { data, response } = await ask;
      return response.ok && data ? [show(data as never)] : [];
    } catch {
      return [];
    }
  };
  const id = { params: { path: { id: q } }, signal };
  const at = (href: string, kind: string) => () => ({ href, title: q, kind });
  const e = encodeURIComponent(q);
  const lists = await Promise.all([
    one(client.GET('/api/v1/stations/{station}', { params: { path: { station: q } }, signal }), at(`/stations/${e}`, t('station'))),
    one(client.GET('/api/v1/transactions/{id}', id), at(`/transactions/${e}`, t('transaction'))),
    one(client.GET('/api/v1/tokens/{uid}', { params: { path: { uid: q } }, signal }), at(`/cards/${e}`, t('card'))),
    one(client.GET('/api/v1/customers/{id}', id), at(`/customers/${e}`, t('customer'))),
    one(client.GET('/api/v1/payments/{id}', id), at(`/payments/${e}`, t('payment'))),
    one(client.GET('/api/v1/invoices/{id}', id), at(`/invoices/${e}`, t('invoice'))),
    one(client.GET('/api/v1/faults/{id}', id), at(`/faults/${e}`, t('fault'))),
    one(client.GET('/api/v1/incidents/{id}', id), at(`/incidents/${e}`, t('incident'))),
    one(client.GET('/api/v1/charge-records/{id}', id), at(`/records/${e}`, t('record'))),
    one(client.GET('/api/v1/cases/{number}', { params: { path: { number: Number(q) || 0 } }, signal }), at(`/cases/${e}`, t('case'))),
  ]);
  return lists.flat();
}
