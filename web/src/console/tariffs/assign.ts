// Whose tariff is which: a property of what it is of, each with its own operation.
import { client, must, pages, type Schemas } from '../../lib/api';

/** Gives something a tariff; an empty id takes it away. */
export async function assign(u: Schemas['UseView'], tariff: string, headers: Record<string, string>): Promise<void> {
  const id = u.id ?? '';
  const evse = { params: { path: { station: id, evse: u.evse ?? 0 } }, headers };
  switch (u.rule) {
    case 'site':
      await must(client.PATCH('/api/v1/sites/{id}', { params: { path: { id } }, body: { tariff }, headers }));
      break;
    case 'station':
      await must(client.PATCH('/api/v1/stations/{station}', { params: { path: { station: id } }, body: { tariff }, headers }));
      break;
    case 'evse':
      if (tariff) await must(client.PUT('/api/v1/stations/{station}/evses/{evse}/tariff', { ...evse, body: { tariff } }));
      else await must(client.DELETE('/api/v1/stations/{station}/evses/{evse}/tariff', evse));
      break;
    case 'customer':
      await must(client.PATCH('/api/v1/customers/{id}', { params: { path: { id } }, body: { tariff }, headers }));
      break;
    case 'token':
      await must(
        client.PATCH('/api/v1/tokens/{uid}', { params: { path: { uid: id }, query: { type: u.type } }, body: { tariff }, headers }),
      );
      break;
    case 'group': {
      let offline = false;
      for await (const page of pages((cursor) => must(client.GET('/api/v1/token-groups', { params: { query: { limit: 500, cursor } } }))))
        offline = page.find((g) => g.name === id)?.offline ?? offline;
      await must(client.PUT('/api/v1/token-groups/{group}', { params: { path: { group: id } }, body: { offline, tariff }, headers }));
    }
  }
}
