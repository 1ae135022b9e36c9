// A charging station of OCPP 1.6 that does what it is told to, and says what a test has it say. Browsers are no stations, so it
// is one by itself.
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';

type Frame = [number, string, ...unknown[]];
type Payload = Record<string, unknown>;

/** A text as a frame of a WebSocket, masked as those of clients are. */
function frame(text: string): Buffer {
  const data = Buffer.from(text);
  const head =
    data.length < 126 ? Buffer.from([0x81, 0x80 | data.length]) : Buffer.from([0x81, 0x80 | 126, data.length >> 8, data.length & 255]);
  return Buffer.concat([head, Buffer.alloc(4), data]); // a mask of zeros
}

/** What it answers where that is not that it accepts. */
const answersOf: Record<string, Payload> = { GetConfiguration: {}, UnlockConnector: { status: 'Unlocked' } };

/** Connects a station with one outlet, which is free. */
export async function station(url: string, id: string) {
  const asked: Frame[] = [];
  const answers = new Map<string, Payload>();
  const socket = await new Promise<Socket>((done, failed) => {
    const r = httpRequest(`${url}/ocpp/${id}`, {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Protocol': 'ocpp1.6',
      },
    });
    r.on('upgrade', (_, socket) => done(socket as Socket)).on('error', failed);
    r.end();
  });
  let rest = Buffer.alloc(0);
  socket.on('data', (more: Buffer) => {
    rest = Buffer.concat([rest, more]);
    for (;;) {
      const short = (rest[1] ?? 0) & 127;
      const head = short < 126 ? 2 : 4;
      const length = short < 126 ? short : rest.length < 4 ? 0 : rest.readUInt16BE(2);
      if (rest.length < head || rest.length < head + length) return;
      const [op, text] = [rest[0]! & 15, rest.subarray(head, head + length).toString()];
      rest = rest.subarray(head + length);
      if (op !== 1) continue;
      const f = JSON.parse(text) as Frame;
      if (f[0] === 2) {
        asked.push(f);
        socket.write(frame(JSON.stringify([3, f[1], answersOf[f[2] as string] ?? { status: 'Accepted' }])));
      } else answers.set(f[1], f[2] as Payload);
    }
  });
  const wait = async <T>(find: () => T | undefined): Promise<T> => {
    for (let i = 0; i < 600; i++) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise((done) => setTimeout(done, 25));
    }
    throw new Error('nothing came');
  };
  let n = 0;
  const call = (action: string, payload: unknown) => {
    const id = `m${++n}`;
    socket.write(frame(JSON.stringify([2, id, action, payload])));
    return wait(() => answers.get(id));
  };
  const ordered = (action: string) => wait(() => asked.find((f) => f[2] === action)?.[3] as Payload | undefined);
  const now = () => new Date().toISOString();
  const says = (status: string, errorCode = 'NoError', connectorId = 1) =>
    call('StatusNotification', { connectorId, errorCode, status, timestamp: now() });
  /** Begins to charge as it was ordered to, and tells the id of the transaction. */
  const begin = async (meterStart = 1000) => {
    const { idTag } = await ordered('RemoteStartTransaction');
    const begun = await call('StartTransaction', { connectorId: 1, idTag, meterStart, timestamp: now() });
    await says('Charging');
    return begun.transactionId as number;
  };
  const meter = (transactionId: number, wh: number, w: number) =>
    call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [
        {
          timestamp: now(),
          sampledValue: [
            { value: `${wh}`, measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
            { value: `${w}`, measurand: 'Power.Active.Import', unit: 'W' },
          ],
        },
      ],
    });
  const finish = async (transactionId: number, meterStop: number, reason = 'Remote') => {
    await call('StopTransaction', { transactionId, meterStop, timestamp: now(), reason });
    await says('Finishing');
  };
  await call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
  for (const connectorId of [0, 1]) await says('Available', 'NoError', connectorId);
  return { call, ordered, says, begin, meter, finish, tap: (idTag: string) => call('Authorize', { idTag }), end: () => socket.destroy() };
}
