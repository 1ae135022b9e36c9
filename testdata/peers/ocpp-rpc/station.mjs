// A charging station made of the package ocpp-rpc, whose strict mode holds every message in both
// directions to the official schemas. It charges one car against a central system and prints, a JSON
// object a line, what it was answered.
//
//   node station.mjs -url ws://127.0.0.1:8080/ocpp -id ID -version 1.6|2.0.1|2.1 -token UID [-password P] [-remote | -bad | -maintain]
//
// With -remote it starts, stops and restarts when the central system says so, instead of charging by
// card. With -bad it charges nobody and sends what no station should. With -maintain it charges nobody
// and is looked after by its operator; with -roots FILE it connects over TLS, and with -next URL it
// connects there after a restart, with the certificate that it was given meanwhile.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import ocppRpc from 'ocpp-rpc';
import { Upkeep } from './upkeep.mjs';

const { RPCClient, createValidator } = ocppRpc;

const limit = 60_000; // ms, for all of it
const pause = 100; // ms between accepting an order and carrying it out, in which the answer leaves
const stay = 20 * 60; // s of the car, by the station's clock
const meter = { begin: 1000, between: 2840, end: 4680 }; // Wh
const self = { vendor: 'mikuso', model: 'ocpp-rpc', firmware: '2.2.1' };
const unknown = 'DEADBEEF'; // a card that nobody has registered

const text = { type: 'string', default: '' };
const flag = { type: 'boolean', default: false };
const { values: options } = parseArgs({
  args: process.argv.slice(2).map((a) => a.replace(/^-(?=[a-z])/, '--')),
  options: { url: text, id: text, version: { type: 'string', default: '1.6' }, token: text, password: text, remote: flag, bad: flag, maintain: flag, roots: text, next: text },
});

const say = (event, fields) => console.log(JSON.stringify({ event, ...fields }));

function fail(message) {
  console.error('peer-ocpp-rpc:', message);
  process.exit(1);
}

// The package ships the schemas of OCPP 2.1 but looks for them under names as those of 1.6 and 2.0.1
// have, so that its own validator of 2.1 finds none. They also give enumerations a keyword that is for
// objects, which means nothing and is warned about.
function validator21() {
  const schemas = createRequire(import.meta.url)('ocpp-rpc/lib/schemas/ocpp2_1.json');
  for (const s of schemas) {
    s.$id = s.$id.replace(/Request$/, '.req').replace(/Response$/, '.conf');
    for (const d of Object.values(s.definitions ?? {})) if (d.enum) delete d.additionalProperties;
  }
  return createValidator('ocpp2.1', schemas);
}

// desk is what the station keeps when it restarts.
const desk = {
  began: Math.floor(Date.now() / 1000) - stay, // when the car came
  transaction: '',
  orders: [], // what the central system has told the station to do
  told: () => {}, // wakes who waits for an order
  accept(action, fields) {
    setTimeout(() => {
      this.orders.push({ action, ...fields });
      this.told();
    }, pause);
  },
};

const now = () => new Date().toISOString();
const at = (after) => new Date((desk.began + after) * 1000).toISOString();

// keep takes local lists and reservations, whose properties are called otherwise in each version.
function keep(client, names) {
  client.handle('GetLocalListVersion', () => ({ [names.version]: desk.list ?? 0 }));
  client.handle('SendLocalList', ({ params }) => {
    if (params.updateType === 'Differential' && params[names.version] <= (desk.list ?? 0)) return { status: 'VersionMismatch' };
    desk.list = params[names.version];
    return { status: 'Accepted' };
  });
  client.handle('ReserveNow', ({ params }) => {
    if (desk.reserved || params[names.place] !== 1) return { status: 'Occupied' };
    desk.reserved = params[names.id];
    return { status: 'Accepted' };
  });
  client.handle('CancelReservation', ({ params }) => {
    if (desk.reserved !== params.reservationId) return { status: 'Rejected' };
    desk.reserved = 0;
    return { status: 'Accepted' };
  });
}

// reservation is what a start says of it.
function reservation() {
  const fields = desk.reserved ? { reservationId: desk.reserved } : {};
  desk.reserved = 0;
  return fields;
}

// station16 is a station of OCPP 1.6 with one connector.
class station16 {
  interval = '300'; // of heartbeats: its only setting

  constructor(client) {
    this.call = client.call.bind(client);
    client.handle('GetConfiguration', ({ params: { key = ['HeartbeatInterval'] } }) => ({
      configurationKey: key.filter((k) => k === 'HeartbeatInterval').map((k) => ({ key: k, readonly: false, value: this.interval })),
      unknownKey: key.filter((k) => k !== 'HeartbeatInterval'),
    }));
    client.handle('ChangeConfiguration', ({ params }) => {
      if (params.key !== 'HeartbeatInterval') return { status: 'NotSupported' };
      this.interval = params.value;
      return { status: 'Accepted' };
    });
    client.handle('UnlockConnector', ({ params }) => ({ status: params.connectorId === 1 ? 'Unlocked' : 'NotSupported' }));
    client.handle('TriggerMessage', ({ params }) => {
      if (params.requestedMessage !== 'StatusNotification') return { status: 'NotImplemented' };
      desk.accept('status');
      return { status: 'Accepted' };
    });
    client.handle('RemoteStartTransaction', ({ params }) => {
      if (desk.transaction || (params.connectorId ?? 1) !== 1) return { status: 'Rejected' };
      desk.accept('start', { token: params.idTag });
      return { status: 'Accepted' };
    });
    client.handle('RemoteStopTransaction', ({ params }) => {
      if (String(params.transactionId) !== desk.transaction) return { status: 'Rejected' };
      desk.accept('stop');
      return { status: 'Accepted' };
    });
    client.handle('Reset', () => {
      desk.accept('reset');
      return { status: 'Accepted' };
    });
    client.handle('ClearCache', () => ({ status: 'Accepted' }));
    keep(client, { version: 'listVersion', id: 'reservationId', place: 'connectorId' });
  }

  async boot() {
    const resp = await this.call('BootNotification', { chargePointVendor: self.vendor, chargePointModel: self.model, firmwareVersion: self.firmware });
    return resp.status;
  }

  tell(connectorId, status, timestamp = now()) {
    return this.call('StatusNotification', { connectorId, errorCode: 'NoError', status, timestamp });
  }

  async free() {
    await this.tell(0, 'Available');
    await this.tell(1, 'Available');
  }

  plugIn() {
    return this.tell(1, 'Preparing');
  }

  async authorise(token) {
    return (await this.call('Authorize', { idTag: token })).idTagInfo.status;
  }

  async start({ token }) {
    const resp = await this.call('StartTransaction', { connectorId: 1, idTag: token, meterStart: meter.begin, timestamp: at(0), ...reservation() });
    this.number = resp.transactionId;
    await this.tell(1, 'Charging', at(1));
    return { transaction: String(this.number), status: resp.idTagInfo.status };
  }

  reading(after, value, context) {
    return { timestamp: at(after), sampledValue: [{ value: String(value / 1000), context, measurand: 'Energy.Active.Import.Register', unit: 'kWh', location: 'Outlet' }] };
  }

  measure() {
    const reading = this.reading(stay / 2, meter.between, 'Sample.Periodic');
    for (const [i, value] of ['15.9', '16.0', '16.1'].entries()) {
      reading.sampledValue.push({ value, measurand: 'Current.Import', phase: `L${i + 1}`, unit: 'A' });
    }
    return this.call('MeterValues', { connectorId: 1, transactionId: this.number, meterValue: [reading] });
  }

  async stop(remote) {
    const resp = await this.call('StopTransaction', {
      transactionId: this.number, meterStop: meter.end, timestamp: at(stay), ...(remote ? { reason: 'Remote' } : { reason: 'Local', idTag: options.token }),
      transactionData: [this.reading(0, meter.begin, 'Transaction.Begin'), this.reading(stay, meter.end, 'Transaction.End')],
    });
    await this.tell(1, 'Finishing', at(stay));
    return { status: resp.idTagInfo?.status };
  }
}

const variable = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } };

// station2 is a station of OCPP 2.0.1 or 2.1 with one EVSE.
class station2 {
  interval = '300'; // of heartbeats: its only variable
  seq = 0;
  events = 0;

  constructor(client) {
    this.call = client.call.bind(client);
    const status = (d) => {
      if (d.component.name !== variable.component.name) return 'UnknownComponent';
      return d.variable.name === variable.variable.name ? 'Accepted' : 'UnknownVariable';
    };
    const of = ({ component, variable }) => ({ component, variable });
    client.handle('GetVariables', ({ params }) => ({
      getVariableResult: params.getVariableData.map((d) => {
        const attributeStatus = status(d);
        return { ...of(d), attributeStatus, ...(attributeStatus === 'Accepted' && { attributeValue: this.interval }) };
      }),
    }));
    client.handle('SetVariables', ({ params }) => ({
      setVariableResult: params.setVariableData.map((d) => {
        const attributeStatus = status(d);
        if (attributeStatus === 'Accepted') this.interval = d.attributeValue;
        return { ...of(d), attributeStatus };
      }),
    }));
    client.handle('GetBaseReport', ({ params }) => {
      desk.accept('report', { number: params.requestId });
      return { status: 'Accepted' };
    });
    client.handle('UnlockConnector', ({ params }) => ({ status: params.evseId === 1 && params.connectorId === 1 ? 'Unlocked' : 'UnknownConnector' }));
    client.handle('TriggerMessage', ({ params }) => {
      if (params.requestedMessage !== 'StatusNotification') return { status: 'NotImplemented' };
      if (!params.evse?.connectorId) return { status: 'Rejected' }; // OCPP 2.x F06.FR.12
      desk.accept('status');
      return { status: 'Accepted' };
    });
    client.handle('RequestStartTransaction', ({ params }) => {
      if (desk.transaction || (params.evseId ?? 1) !== 1) return { status: 'Rejected' };
      desk.accept('start', { token: params.idToken.idToken, number: params.remoteStartId });
      return { status: 'Accepted' };
    });
    client.handle('RequestStopTransaction', ({ params }) => {
      if (params.transactionId !== desk.transaction) return { status: 'Rejected' };
      desk.accept('stop');
      return { status: 'Accepted' };
    });
    client.handle('Reset', () => {
      desk.accept('reset');
      return { status: 'Accepted' };
    });
    client.handle('ClearCache', () => ({ status: 'Accepted' }));
    keep(client, { version: 'versionNumber', id: 'id', place: 'evseId' });
  }

  async boot(restarted) {
    const resp = await this.call('BootNotification', {
      reason: restarted ? 'RemoteReset' : 'PowerUp', chargingStation: { vendorName: self.vendor, model: self.model, firmwareVersion: self.firmware },
    });
    return resp.status;
  }

  // In OCPP 2.1 the state of a connector is an event of the device model.
  tell(status) {
    if (options.version === '2.0.1') {
      return this.call('StatusNotification', { timestamp: now(), connectorStatus: status, evseId: 1, connectorId: 1 });
    }
    return this.call('NotifyEvent', {
      generatedAt: now(), seqNo: 0, tbc: false,
      eventData: [{
        eventId: ++this.events, timestamp: now(), trigger: 'Delta', actualValue: status, eventNotificationType: 'HardWiredNotification',
        component: { name: 'Connector', evse: { id: 1, connectorId: 1 } }, variable: { name: 'AvailabilityState' },
      }],
    });
  }

  free() {
    return this.tell('Available');
  }

  plugIn() {
    return this.tell('Occupied');
  }

  async authorise(token) {
    return (await this.call('Authorize', { idToken: { idToken: token, type: 'ISO14443' } })).idTokenInfo.status;
  }

  // event tells of the transaction, so many seconds after the car came.
  event(eventType, triggerReason, after, info, fields) {
    return this.call('TransactionEvent', {
      eventType, triggerReason, timestamp: at(after), seqNo: this.seq++, ...fields,
      transactionInfo: { transactionId: this.transaction, ...(options.version === '2.1' && { operationMode: 'ChargingOnly' }), ...info },
    });
  }

  reading(after, value, context) {
    return { timestamp: at(after), sampledValue: [{ value: value / 1000, context, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'kWh' } }] };
  }

  async start({ token, number }) {
    this.transaction = `peer-${Date.now()}`;
    const resp = await this.event('Started', number ? 'RemoteStart' : 'Authorized', 0, { chargingState: 'EVConnected', ...(number && { remoteStartId: number }) }, {
      evse: { id: 1, connectorId: 1 }, idToken: { idToken: token, type: 'ISO14443' }, ...reservation(), meterValue: [this.reading(0, meter.begin, 'Transaction.Begin')],
    });
    await this.event('Updated', 'ChargingStateChanged', 1, { chargingState: 'Charging' });
    return { transaction: this.transaction, status: resp.idTokenInfo?.status };
  }

  measure() {
    const reading = this.reading(stay / 2, meter.between, 'Sample.Periodic');
    for (const phase of ['L1', 'L2', 'L3']) {
      reading.sampledValue.push({ value: 3.68, measurand: 'Power.Active.Import', phase, unitOfMeasure: { unit: 'W', multiplier: 3 } });
    }
    return this.event('Updated', 'MeterValuePeriodic', stay / 2, {}, { meterValue: [reading] });
  }

  async stop(remote) {
    this.seq = this.last ??= this.seq; // a repeat is the same event
    const resp = await this.event(
      'Ended', remote ? 'RemoteStop' : 'StopAuthorized', stay, { stoppedReason: remote ? 'Remote' : 'Local' },
      { ...(!remote && { idToken: { idToken: options.token, type: 'ISO14443' } }), meterValue: [this.reading(stay, meter.end, 'Transaction.End')] },
    );
    return { status: resp.idTokenInfo?.status, totalCost: resp.totalCost };
  }

  report(requestId) {
    return this.call('NotifyReport', {
      requestId, generatedAt: now(), seqNo: 0, tbc: false,
      reportData: [{ ...variable, variableAttribute: [{ type: 'Actual', value: this.interval, mutability: 'ReadWrite' }], variableCharacteristics: { dataType: 'integer', unit: 's', supportsMonitoring: false } }],
    });
  }
}

const stations = { 1.6: station16, '2.0.1': station2, 2.1: station2 };
let client;
let station;

const upkeep = new Upkeep(options.id, self.vendor, options.version, say, (action, fields) => desk.accept(action, fields));
const roots = options.roots && readFileSync(options.roots, 'utf8');

// arrive connects and boots.
async function arrive(restarted, endpoint = options.url) {
  const protocol = `ocpp${options.version}`;
  client = new RPCClient({
    endpoint, identity: options.id, password: upkeep.proof ? null : options.password || null, protocols: [protocol], reconnect: false, callTimeoutMs: limit,
    ...(roots && { wsOpts: { ca: roots, ...upkeep.proof } }),
    strictMode: true, strictModeValidators: options.version === '2.1' ? [validator21()] : [],
  });
  client.on('strictValidationFailure', ({ method, outbound, isCall, error }) =>
    fail(`${outbound ? 'our' : 'the central system’s'} ${method} ${isCall ? 'request' : 'response'} breaks the schema: ${error.message}`));
  client.on('badMessage', ({ buffer, error }) => options.bad || fail(`the central system sent what fits nothing: ${error.message}: ${buffer}`));
  client.on('disconnect', ({ code, reason }) => code === 1000 || fail(`the connection ended with ${code} ${reason}`));
  station = new stations[options.version](client);
  if (options.maintain) upkeep.serve(client);
  try {
    await client.connect();
  } catch (err) {
    if (err.code >= 400) say('refused', { code: err.code });
    throw err;
  }
  if (client.protocol !== protocol) fail(`the central system chose ${client.protocol}`);
  const status = await station.boot(restarted);
  say('booted', { status });
  if (status !== 'Accepted') fail(`the boot is answered with ${status}`);
  await station.free();
}

// leave disconnects. The heartbeat is the last that is heard of the station.
async function leave() {
  await client.call('Heartbeat', {});
  await client.close();
}

// told waits for an order and carries out others meanwhile.
async function told(action) {
  for (;;) {
    while (desk.orders.length === 0) await new Promise((resolve) => { desk.told = resolve; });
    const order = desk.orders.shift();
    if (order.action === action) return order;
    if (order.action === 'status') await station.plugIn();
    else if (order.action === 'report') await station.report(order.number);
    else if (order.action === 'do') await order.work();
    else fail(`told to ${order.action} while waiting to be told to ${action}`);
  }
}

// restart waits until it is told to restart, and disconnects once that has been answered: what is
// asked after that is answered after it was heard.
async function restart() {
  await told('reset');
  await station.free();
  await client.close();
}

// charge starts charging and measures.
async function charge(order) {
  const { transaction, status } = await station.start(order);
  desk.transaction = transaction;
  if (status !== 'Accepted') fail(`the start is answered with ${status}`);
  await station.measure();
  say('started', { status, transaction });
}

// chargeByCard charges for a driver with a card, after one whose card is not known. The answer to the
// end of it gets lost on the way, so that it is sent twice.
async function chargeByCard() {
  await arrive(false);
  await station.plugIn();
  for (const token of [unknown, options.token]) say('authorised', { status: await station.authorise(token) });
  await charge({ token: options.token });
  const first = JSON.stringify(await station.stop(false));
  const again = JSON.stringify(await station.stop(false));
  if (first !== again) fail(`stopping is answered with ${first} at first and then with ${again}`);
  say('stopped', JSON.parse(first));
  await station.free();
  await leave();
}

// chargeByOrder charges for a driver who has asked the central system to. Then it is told to restart.
async function chargeByOrder() {
  await arrive(false);
  await station.plugIn();
  say('ready');
  await charge(await told('start'));
  await told('stop');
  const stopped = await station.stop(true);
  desk.transaction = '';
  await station.free();
  say('stopped', stopped);
  await restart();
  await arrive(true);
  await leave();
}

// maintain has the station looked after by its operator, until it is told to restart. Then it connects
// to the next address, where there is one.
async function maintain() {
  const addresses = [options.url, options.next].filter(Boolean);
  for (const [i, address] of addresses.entries()) {
    await arrive(i > 0, address);
    say('ready');
    if (i < addresses.length - 1) await restart();
  }
  await told('reset');
  await leave();
}

// wrong are frames with the message id of the answer. What is wrong in each is its name.
const wrong = {
  'unknown action': ['bad-1', '[2,"bad-1","FlyToTheMoon",{}]'],
  'not for stations': ['bad-2', '[2,"bad-2","ClearCache",{}]'],
  'property missing': ['bad-3', '[2,"bad-3","Authorize",{}]'],
  'wrong type': ['bad-4', '[2,"bad-4","Authorize",{"idTag":17,"idToken":17}]'],
  'payload a list': ['bad-5', '[2,"bad-5","Heartbeat",[]]'],
  'no frame': ['-1', '{"this":"is no frame"}'],
};

// misbehave sends what is wrong and prints the error codes that come back.
async function misbehave() {
  await arrive(false);
  for (const [name, [id, frame]] of Object.entries(wrong)) {
    const answer = new Promise((resolve) => {
      client.on('message', function listen({ message, outbound }) {
        if (outbound) return;
        const [type, to, code] = JSON.parse(message);
        if (to !== id) return;
        client.off('message', listen);
        resolve({ type, code });
      });
    });
    client.sendRaw(frame);
    const { type, code } = await answer;
    say('answered', { to: name, status: type === 4 ? code : `message type ${type}` });
  }
  await leave();
}

setTimeout(() => fail(`not done within ${limit} ms`), limit).unref();
try {
  await (options.bad ? misbehave : options.maintain ? maintain : options.remote ? chargeByOrder : chargeByCard)();
} catch (err) {
  fail(err.message);
}
process.exit(0);
