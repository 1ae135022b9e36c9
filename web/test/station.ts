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
