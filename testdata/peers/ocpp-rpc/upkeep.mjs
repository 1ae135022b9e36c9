// What a station does for its operator, whose names differ little between versions: firmware, logs,
// charging profiles and certificates.
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const logName = 'station.log';
const whole = ['ChargePointMaxProfile', 'ChargingStationMaxProfile']; // the purpose in each version
const accepted = { status: 'Accepted' };

// withFiles has openssl work in a folder that is gone afterwards.
function withFiles(work) {
  const folder = mkdtempSync(join(tmpdir(), 'peer-'));
  try {
    return work((name) => join(folder, name), (...args) => execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// hash is how OCPP names a root.
function hash(pem) {
  return withFiles((file, openssl) => {
    writeFileSync(file('root'), pem);
    const text = openssl('ocsp', '-sha256', '-issuer', file('root'), '-cert', file('root'), '-req_text', '-no_nonce');
    const of = (name) => text.match(new RegExp(`${name}: ([0-9A-F]+)`))[1];
    return { hashAlgorithm: 'SHA256', issuerNameHash: of('Issuer Name Hash'), issuerKeyHash: of('Issuer Key Hash'), serialNumber: of('Serial Number').replace(/^0+(?=.)/, '') };
  });
}

const same = (a, b) => ['issuerNameHash', 'issuerKeyHash', 'serialNumber'].every((k) => a[k].toLowerCase() === b[k].toLowerCase());

// Upkeep is what the station keeps for its operator, over restarts.
export class Upkeep {
  profiles = new Map(); // by their numbers: { place, profile, schedule }
  roots = []; // { use, hash }
  key; // of the certificate that was asked for
  proof; // what it connects with, when it has one

  constructor(id, maker, version, say, accept) {
    Object.assign(this, { id, maker, old: version === '1.6', say, accept });
  }

  // serve answers the operator's orders. What they lead to is done afterwards.
  serve(client) {
    const call = client.call.bind(client);
    const later = (work) => this.accept('do', { work });
    const { old } = this;

    client.handle('UpdateFirmware', ({ params }) => {
      const firmware = old ? params : params.firmware;
      later(() => this.fetchFirmware(firmware, (status) => call('FirmwareStatusNotification', { status, ...(!old && { requestId: params.requestId }) })));
      return old ? {} : accepted;
    });
    client.handle('GetLog', ({ params }) => {
      later(() => this.sendLog(params.log.remoteLocation, (status) => call('LogStatusNotification', { status, requestId: params.requestId })));
      return { ...accepted, filename: logName };
    });
    client.handle('SetChargingProfile', ({ params }) => {
      const profile = old ? params.csChargingProfiles : params.chargingProfile;
      const schedule = [profile.chargingSchedule].flat()[0];
      this.profiles.set(old ? profile.chargingProfileId : profile.id, { place: old ? params.connectorId : params.evseId, profile, schedule });
      return accepted;
    });
    client.handle('ClearChargingProfile', ({ params }) => {
      const number = old ? params.id : params.chargingProfileId;
      const { chargingProfilePurpose: purpose, stackLevel, ...rest } = (old ? params : params.chargingProfileCriteria) ?? {};
      const place = old ? rest.connectorId : rest.evseId;
      const gone = [...this.profiles].filter(([id, x]) => (number !== undefined ? id === number
        : (purpose ?? x.profile.chargingProfilePurpose) === x.profile.chargingProfilePurpose && (stackLevel ?? x.profile.stackLevel) === x.profile.stackLevel && (place ?? x.place) === x.place));
      gone.forEach(([id]) => this.profiles.delete(id));
      return { status: gone.length ? 'Accepted' : 'Unknown' };
    });
    client.handle('GetCompositeSchedule', ({ params: { duration, connectorId, evseId } }) => {
      const { unit: chargingRateUnit, periods: chargingSchedulePeriod } = this.composite(duration);
      if (chargingSchedulePeriod.length === 0) return { status: 'Rejected' };
      const scheduleStart = new Date().toISOString();
      if (old) return { ...accepted, connectorId, scheduleStart, chargingSchedule: { duration, chargingRateUnit, chargingSchedulePeriod } };
      return { ...accepted, schedule: { evseId, duration, scheduleStart, chargingRateUnit, chargingSchedulePeriod } };
    });
    client.handle('CertificateSigned', ({ params }) => ({ status: this.signed(params.certificateChain) ? 'Accepted' : 'Rejected' }));
    client.handle('InstallCertificate', ({ params }) => {
      if (!new X509Certificate(params.certificate).ca) return { status: 'Rejected' };
      const root = { use: params.certificateType, hash: hash(params.certificate) };
      if (!this.roots.some((r) => r.use === root.use && same(r.hash, root.hash))) this.roots.push(root);
      return accepted;
    });
    client.handle('GetInstalledCertificateIds', ({ params: { certificateType: uses } }) => {
      const found = this.roots.filter((r) => !uses || [uses].flat().includes(r.use));
      if (found.length === 0) return { status: 'NotFound' };
      if (old) return { ...accepted, certificateHashData: found.map((r) => r.hash) };
      return { ...accepted, certificateHashDataChain: found.map((r) => ({ certificateType: r.use, certificateHashData: r.hash })) };
    });
    client.handle('DeleteCertificate', ({ params }) => {
      const at = this.roots.findIndex((r) => same(r.hash, params.certificateHashData));
      if (at < 0) return { status: 'NotFound' };
      this.roots.splice(at, 1);
      return accepted;
    });
    const certify = () => call('SignCertificate', { csr: this.request(), ...(!old && { certificateType: 'ChargingStationCertificate' }) });
    if (old) {
      client.handle('GetDiagnostics', ({ params }) => {
        later(() => this.sendLog(params.location, (status) => call('DiagnosticsStatusNotification', { status })));
        return { fileName: logName };
      });
      client.handle('SignedUpdateFirmware', ({ params: { requestId, firmware } }) => {
        later(() => this.fetchFirmware(firmware, (status) => call('SignedFirmwareStatusNotification', { status, requestId })));
        return accepted;
      });
      client.handle('ExtendedTriggerMessage', ({ params }) => {
        if (params.requestedMessage !== 'SignChargePointCertificate') return { status: 'NotImplemented' };
        later(certify);
        return accepted;
      });
      return;
    }
    client.handle('TriggerMessage', ({ params }) => {
      if (params.requestedMessage !== 'SignChargingStationCertificate') return { status: 'NotImplemented' };
      later(certify);
      return accepted;
    });
    client.handle('GetChargingProfiles', ({ params: { requestId, evseId } }) => {
      const places = new Map();
      for (const x of this.profiles.values()) places.set(x.place, [...(places.get(x.place) ?? []), x]);
      const found = [...places].filter(([place]) => (evseId ?? place) === place);
      if (found.length === 0) return { status: 'NoProfiles' };
      later(async () => {
        for (const [i, [place, list]] of found.entries()) {
          await call('ReportChargingProfiles', {
            requestId, chargingLimitSource: 'CSO', evseId: place, tbc: i < found.length - 1, chargingProfile: list.map((x) => x.profile),
          });
        }
      });
      return accepted;
    });
  }

  async fetchFirmware({ location, signingCertificate, signature }, tell) {
    await tell('Downloading');
    const resp = await fetch(location);
    if (!resp.ok) throw new Error(`fetching firmware: ${resp.status}`);
    const file = Buffer.from(await resp.arrayBuffer());
    const sum = createHash('sha256').update(file).digest('hex');
    let steps = ['Downloaded', 'Installing', 'Installed'];
    if (signingCertificate) {
      const good = verify('sha256', file, new X509Certificate(signingCertificate).publicKey, Buffer.from(signature, 'base64'));
      steps = good ? ['Downloaded', 'SignatureVerified', 'Installing', 'Installed'] : ['Downloaded', 'InvalidSignature'];
    }
    for (const status of steps) await tell(status);
    this.say('fetched', { status: sum });
  }

  async sendLog(location, tell) {
    await tell('Uploading');
    const resp = await fetch(location.replace(/\/?$/, `/${logName}`), { method: 'PUT', body: `the log of ${this.id}` });
    if (!resp.ok) throw new Error(`sending the log: ${resp.status}`);
    await tell('Uploaded');
    this.say('uploaded', { status: logName });
  }

  // composite is what holds for a transaction in the time.
  composite(duration) {
    const all = [...this.profiles.values()];
    const highest = Math.min(...all.filter((x) => whole.includes(x.profile.chargingProfilePurpose)).map((x) => x.schedule.chargingSchedulePeriod[0].limit));
    const own = all.find((x) => x.profile.chargingProfilePurpose === 'TxDefaultProfile')?.schedule;
    const periods = (own?.chargingSchedulePeriod ?? []).filter((p) => p.startPeriod < duration);
    return { unit: own?.chargingRateUnit, periods: periods.map((p) => ({ ...p, limit: Math.min(p.limit, highest) })) };
  }

  // request makes a key and asks for a certificate of it.
  request() {
    return withFiles((file, openssl) => {
      const csr = openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key'), '-subj', `/O=${this.maker}/CN=${this.id}`);
      this.key = readFileSync(file('key'), 'utf8');
      return csr;
    });
  }

  // signed takes in the certificate that was asked for.
  signed(chain) {
    const leaf = new X509Certificate(chain);
    if (!this.key || !leaf.checkPrivateKey(createPrivateKey(this.key)) || !leaf.subject.split('\n').includes(`CN=${this.id}`)) return false;
    this.proof = { cert: chain, key: this.key };
    this.say('certified', { status: leaf.serialNumber.toLowerCase() });
    return true;
  }
}
