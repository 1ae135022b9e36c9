// A station that says what a test has it say, from a page of the browser: OCPP 1.6.
import type { Page } from '@playwright/test';

type Frame = [action: string, payload: Record<string, unknown>];

/** Says things one after the other, each when the one before was answered, and returns the answers. */
export async function speak(page: Page, base: string, id: string, frames: Frame[]): Promise<Record<string, unknown>[]> {
  const other = await page.context().newPage();
  try {
    return await other.evaluate(
      ({ url, frames }) =>
        new Promise<Record<string, unknown>[]>((done, fail) => {
          const answers: Record<string, unknown>[] = [];
          const socket = new WebSocket(url, ['ocpp1.6']);
          const say = () => {
            const frame = frames[answers.length];
            if (!frame) {
              socket.close();
              return done(answers);
            }
            const text = JSON.stringify(frame[1]).replaceAll(
              '"LAST"',
              JSON.stringify(answers.findLast((a) => 'transactionId' in a)?.transactionId ?? 0),
            );
            socket.send(`[2,"${answers.length}","${frame[0]}",${text}]`);
          };
          socket.onopen = say;
          socket.onerror = () => fail(new Error('the station was refused'));
          socket.onmessage = (m) => {
            const [kind, call, payload] = JSON.parse(m.data as string) as [number, string, Record<string, unknown>];
            if (kind === 2) return; // what it is asked, it leaves
            if (kind !== 3 || call !== String(answers.length)) return fail(new Error(m.data as string));
            answers.push(payload);
            say();
          };
        }),
      { url: base.replace('http', 'ws') + '/ocpp/' + id, frames },
    );
  } finally {
    await other.close();
  }
}

/** Charges of which the readings do not add up, one for each outlet that is named. */
export async function doubtful(page: Page, base: string, id: string, outlets: number[]) {
  await page.request.put(`${base}/api/v1/stations/${id}`, { data: { state: 'accepted' } });
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const value = (wh: number) => [{ value: String(wh), measurand: 'Energy.Active.Import.Register', unit: 'Wh' }];
  await speak(page, base, id, [
    ['BootNotification', { chargePointVendor: 'Test', chargePointModel: 'Test' }],
    ...outlets.flatMap((connectorId, i): Frame[] => [
      ['StartTransaction', { connectorId, idTag: '04DE5A0000B202', meterStart: 1000, timestamp: at(90 - i) }],
      ['MeterValues', { connectorId, transactionId: 'LAST', meterValue: [{ timestamp: at(60 - i), sampledValue: value(7000) }] }],
      ['StopTransaction', { transactionId: 'LAST', meterStop: 500, timestamp: at(30 - i), reason: 'Local' }],
    ]),
  ]);
}

export interface Standing {
  /** What it was told: names of actions, and for a setting what it was to be. */
  told: () => Promise<string[]>;
  say: (action: string, payload: Record<string, unknown>) => Promise<unknown>;
  /** Has it refuse to write settings, or not any more. */
  refuse: (settings: string[]) => Promise<void>;
  leave: () => Promise<void>;
}

interface Held {
  told: string[];
  refused: string[];
  say: (action: string, payload: unknown) => Promise<unknown>;
}

/** A station that stays, with the settings that are given: it does what it is told. */
export async function stand(page: Page, base: string, id: string, settings: Record<string, string> = {}): Promise<Standing> {
  await page.request.put(`${base}/api/v1/stations/${id}`, { data: { state: 'accepted' } });
  const other = await page.context().newPage();
  await other.evaluate(
    ({ url, settings }) =>
      new Promise<void>((done, fail) => {
        const socket = new WebSocket(url, ['ocpp1.6']);
        const waiting = new Map<string, (payload: unknown) => void>();
        let calls = 0;
        const held: Held = {
          told: [],
          refused: [],
          say: (action, payload) =>
            new Promise((answered) => {
              const call = `c${++calls}`;
              waiting.set(call, answered);
              socket.send(JSON.stringify([2, call, action, payload]));
            }),
        };
        const answer = (action: string, p: { key?: string | string[]; value?: string }): unknown => {
          if (action === 'ChangeConfiguration') {
            held.told.push(`${p.key as string} = ${p.value}`);
            if (held.refused.includes(p.key as string)) return { status: 'Rejected' };
            settings[p.key as string] = p.value!;
            return { status: 'Accepted' };
          }
          held.told.push(action);
          if (action !== 'GetConfiguration') return { status: 'Accepted' };
          const asked = (p.key as string[] | undefined)?.length ? (p.key as string[]) : Object.keys(settings);
          const known = asked.filter((key) => key in settings);
          return {
            configurationKey: known.map((key) => ({ key, readonly: false, value: settings[key] })),
            unknownKey: asked.filter((key) => !(key in settings)),
          };
        };
        socket.onmessage = (m) => {
          const [kind, call, ...rest] = JSON.parse(m.data as string) as [number, string, ...unknown[]];
          if (kind === 2) socket.send(JSON.stringify([3, call, answer(rest[0] as string, rest[1] as object)]));
          else waiting.get(call)?.(rest[0]);
        };
        socket.onerror = () => fail(new Error('the station was refused'));
        socket.onopen = async () => {
          await held.say('BootNotification', { chargePointVendor: 'Test', chargePointModel: 'Standing' });
          for (const connectorId of [0, 1])
            await held.say('StatusNotification', {
              connectorId,
              status: 'Available',
              errorCode: 'NoError',
              timestamp: new Date().toISOString(),
            });
          (window as unknown as { held: Held }).held = held;
          done();
        };
      }),
    { url: base.replace('http', 'ws') + '/ocpp/' + id, settings },
  );
  await page.bringToFront();
  const held = <T, A>(f: (h: Held, a: A) => T, a: A) =>
    other.evaluate(`(${f.toString()})(window.held, ${JSON.stringify(a)})`) as Promise<Awaited<T>>;
  return {
    told: () => held((h) => h.told, 0),
    say: (action, payload) => held((h, a) => h.say(a.action, a.payload), { action, payload }),
    refuse: (list) => held((h, a) => ((h.refused = a), undefined), list) as unknown as Promise<void>,
    leave: () => other.close(),
  };
}
