// What comes from outside is text on every screen, whatever it looks like.
import { expect, start, test } from './gnista';
import { speak } from './station';

const evil = `<img src=x onerror="alert(1)">"'><script>alert(1)</script>`;

test('what stations and people write is shown and never run', async ({ page }) => {
  const g = await start('--unknown-stations', 'accept');
  const ran: string[] = [];
  page.on('dialog', (d) => (ran.push(d.message()), d.dismiss()));
  try {
    const post = async (path: string, data: object) => {
      const r = await page.request.post(`${g.url}/api/v1${path}`, { data });
      expect(r.ok(), await r.text()).toBe(true);
      return (await r.json()) as { id: string };
    };
    await page.goto(g.url + '/');
    await post('/sites', { name: evil });
    const customer = await post('/customers', { kind: 'private', name: evil, email: 'a@people.example' });
    const account = await post('/accounts', { customer: customer.id, name: evil, kind: 'postpaid', currency: 'SEK' });
    await post('/tokens', { uid: '04C0FFEE', name: evil, account: account.id });
    const tariff = await post('/tariffs', { name: evil, currency: 'SEK', default: true, elements: [{ type: 'energy', price: '4.95' }] });
    await speak(page, g.url, 'EVIL', [
      ['BootNotification', { chargePointVendor: '<b>"><script>', chargePointModel: "'><img src=x>", firmwareVersion: '<svg onload=alert(1)>' }],
      ['StatusNotification', { connectorId: 1, errorCode: 'OtherError', status: 'Faulted', info: '<img src=x onerror=alert(1)>', vendorId: '<script>', vendorErrorCode: '"><svg onload=alert(1)>' }],
      ['Authorize', { idTag: '<script>alert(1)' }],
      ['StartTransaction', { connectorId: 1, idTag: '04C0FFEE', meterStart: 0, timestamp: new Date().toISOString() }],
    ]); // prettier-ignore
    let fault = '';
    await expect(async () => {
      const { items } = (await (await page.request.get(`${g.url}/api/v1/faults?station=EVIL`)).json()) as { items: { id: string }[] };
      expect(items.length).toBeGreaterThan(0);
      fault = items[0]!.id;
    }).toPass();
    const paths = {
      [`/faults/${fault}`]: 'onload=alert',
      '/': '', '/faults?tab=faults': '', '/stations': '<b>">', '/stations/EVIL': '<b>">', '/stations/EVIL?tab=messages': '<script>', '/sites': evil, '/customers': evil,
      [`/customers/${customer.id}`]: evil, [`/accounts/${account.id}`]: evil, '/cards': evil, '/cards/04C0FFEE': evil, '/unknown-cards': '', '/transactions': '',
      '/tariffs': evil, [`/tariffs/${tariff.id}`]: '', '/audit': '', '/map': '', ['/stations?q=' + encodeURIComponent(evil)]: '', ['/' + encodeURIComponent(evil)]: '',
      '/stations/..%2f..%2fapi%2fv1%2fme': '', ['/find?q=' + encodeURIComponent(evil)]: '',
    }; // prettier-ignore
    for (const [path, text] of Object.entries(paths)) {
      await page.goto(g.url + path);
      await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
      if (text) await expect(page.getByText(text).filter({ visible: true }).first(), path).toBeVisible();
      expect(await page.locator('img[src="x"], svg[onload], script:not([src]):not([type])').count(), path).toBe(0);
    }
    expect(ran).toEqual([]);
  } finally {
    await g.stop();
  }
});

test('no asset outside of the assets is given out, and no frame of another site shows a screen', async ({ page, gnista }) => {
  for (const path of [
    '/built/../gnista.db',
    '/built/%2e%2e/gnista.db',
    '/built/..%2f..%2fetc%2fpasswd',
    '/assets/..%5c..%5cgnista.db',
    '/built/none.js',
  ]) {
    const r = await fetch(gnista.url + path, { redirect: 'manual' });
    expect([404, 400, 301, 307], `${path}: ${r.status}`).toContain(r.status);
    expect(await r.text()).not.toContain('SQLite');
  }
  for (const path of ['/', '/sign-in', '/find', '/my']) {
    const policy = (await page.goto(path))!.headers()['content-security-policy'] ?? '';
    expect(policy, path).toContain("frame-ancestors 'none'");
    expect(policy, path).not.toContain('unsafe');
  }
});
