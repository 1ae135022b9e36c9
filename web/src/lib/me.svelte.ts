// Who looks, and what they may do. The API decides; screens only hide what it would refuse.
import { client, must, type Schemas } from './api';

type Me = Schemas['MeView'];
export type Verb = 'see' | 'act' | 'change';
const rank: Record<Verb, number> = { see: 1, act: 2, change: 3 };

class Person {
  is = $state<Me>();

  async load() {
    this.is = await must(client.GET('/api/v1/me'));
  }

  /** Tells whether whoever looks may do something somewhere, by the words of x-right in the description of the API. */
  can(verb: Verb, area: string): boolean {
    return this.is?.rights.some((r) => r.area === area && rank[r.verb] >= rank[verb]) ?? false;
  }
}

export const me = new Person();
