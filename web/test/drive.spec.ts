// Drivers without a contract: they find a charger, pay, charge, stop and have a receipt, and are told what is wrong.
import type { Page } from '@playwright/test';
import { createServer, type AddressInfo } from 'node:net';
import { both } from './both';
import { station } from './charger';
import { accessible, expect, start, test, type Gnista } from './gnista';

test.use({ viewport: { width: 390, height: 844 } });
test.setTimeout(240_000);

async function code(g: Gnista, evse: number, station = 'DEMO-GUEST'): Promise<string> {
  const answer = await fetch(`${g.url}/api/v1/stations/${station}/evses/${evse}/code`, { method: 'POST' });
  return ((await answer.json()) as { code: string }).code;
}

/** Opens the page of an outlet, and waits until nobody else is there. */
async function offer(page: Page, g: Gnista, evse: number) {
  await page.goto(`/e/${await code(g, evse)}?lang=en`);
  await expect(page.locator('#state.free, #state.plugged')).toBeVisible({ timeout: 60_000 });
}

async function choose(page: Page, way: string) {
  await page.locator(`input[value^=${way}]`).first().check();
  await page.locator('#go').click();
  await expect(page.getByRole('button', { name: 'Pay (test)' })).toBeVisible();
}

const heading = (page: Page) => page.locator('#now');

test('pays by card, charges, loses the network, stops and has a receipt', async ({ page, context, gnista }) => {
  await offer(page, gnista, 2);
  await expect(page.locator('.prices')).toContainText('/kWh');
  await expect(page.getByText('20 kWh in 30 minutes')).toBeVisible();
  await expect(page.getByText('08-465 004 04')).toBeVisible();
  await page.getByText('I have a charging card or tag').click();
  await expect(page.getByText('Hold your card or tag')).toBeVisible();
  await accessible(page);
  await context.grantPermissions(['notifications']); // a browser without a window refuses them
  await choose(page, 'stripe');
  await accessible(page);
  const tell = page.getByRole('button', { name: 'Tell me on this phone' });
  await expect(tell).toBeHidden(); // there is nothing to tell before it is paid
  await page.getByRole('button', { name: 'Pay (test)' }).click();
  await expect(heading(page)).toContainText('Charging', { timeout: 40_000 });
  await expect(tell).toBeVisible();
  await page.evaluate(() => ((window as unknown as { stayed: boolean }).stayed = true));
  await expect(page.locator('.figures dd').first()).not.toHaveText('0.000 kWh', { timeout: 20_000 });
  await page.getByText('Why it costs that').click();
  await expect(page.locator('#why table')).toContainText('/kWh');
  await page.getByText('How it started').click();
  await expect(page.locator('#how li').first()).toHaveClass('done');
  const before = await page.locator('#progress').getAttribute('data-at');
  await expect.poll(() => page.locator('#progress').getAttribute('data-at')).not.toBe(before);
  await expect(page.locator('#why')).toHaveAttribute('open', ''); // what was opened stays so
  expect(await page.evaluate(() => 'stayed' in window)).toBe(true); // and the page was not loaded again
  await accessible(page);

  // In a garage without a network, the page says so, and can be read even when it is loaded again.
  await expect
    .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/pay/'))?.active?.state))
    .toBe('activated');
  await expect.poll(() => page.evaluate(async () => !!(await caches.match(location.pathname)))).toBe(true);
  await context.setOffline(true);
  await expect(page.locator('#net')).toContainText('You are offline. Charging goes on. Last seen');
  await page.reload();
  await expect(page.locator('#net')).toContainText('Last seen');
  await expect(heading(page)).toContainText(/Charging|getting ready/);
  await expect(page.locator('form')).toHaveCount(0);
  await accessible(page);
  await context.setOffline(false);
  await expect(page.locator('#net')).toBeHidden({ timeout: 20_000 });
  await expect(heading(page)).toContainText(/Charging|ended|Done/);

  const stop = page.locator('#stop');
  if (await stop.isVisible()) await stop.click({ timeout: 3000 }).catch(() => undefined); // or the car was full before
  await expect(heading(page)).toContainText('Done', { timeout: 40_000 });
  await expect(page.getByText('Released')).toBeVisible();
  await expect(tell).toHaveCount(0);
  await accessible(page);
  await page.getByRole('button', { name: 'Unlock the cable' }).click();
  await expect(page.getByText(/let go of the cable/)).toBeVisible();
  expect(await page.evaluate(async () => !!(await caches.match(location.pathname)))).toBe(false);
  await page.getByRole('link', { name: 'Receipt', exact: true }).click();
  await expect(page.getByText('DEMO-GUEST')).toBeVisible();
});

test('pays first: the lock fails and gets well, the car charges, is stopped, and lets go of the cable', async ({ page, gnista }) => {
  const s = await station(gnista.url, 'PAY-FIRST');
  await page.goto(`/e/${await code(gnista, 1, 'PAY-FIRST')}?lang=en`);
  await expect(page.locator('#go')).toHaveText('Pay, then plug in');
  await choose(page, 'stripe');
  await page.getByRole('button', { name: 'Pay (test)' }).click();
  await expect(heading(page)).toContainText('Plug in the car', { timeout: 30_000 });
  await expect(page.locator('.steps .now')).toContainText('Push the plug in until it clicks');
  await both(page);
  const told = page.locator('#progress > .state');
  await s.says('Faulted', 'ConnectorLockFailure');
  await expect(told).toContainText('Cannot charge yet', { timeout: 20_000 });
  await expect(told).toContainText('200.00 SEK is set aside. You pay only for what you charge.');
  await expect(told).toContainText(/Case \d+/);
  await both(page);
  await s.says('Preparing');
  await expect(told).toBeHidden({ timeout: 20_000 });
  await expect(heading(page)).toContainText('getting ready');
  const t = await s.begin();
  await s.meter(t, 3000, 11_000);
  await expect(heading(page)).toContainText('Charging', { timeout: 20_000 });
  await expect(page.locator('.figures')).toContainText('2.000 kWh');
  await expect(page.locator('.figures')).toContainText('11.0 kW');
  await s.says('SuspendedEV');
  await expect(told.first()).toContainText('your car takes no power', { timeout: 20_000 });
  await expect(page.getByText('Staying plugged in costs 1.00 SEK/min from')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Stop charging' }).click();
  await s.ordered('RemoteStopTransaction');
  await s.finish(t, 3000);
  await expect(heading(page)).toContainText('Done', { timeout: 30_000 });
  await expect(page.getByText('Released of what was set aside')).toBeVisible();
  await page.getByRole('button', { name: 'Unlock the cable' }).click();
  await s.ordered('UnlockConnector');
  await expect(page.getByText(/let go of the cable/)).toBeVisible();
  s.end();
});

test('plugs in first, and pays by Swish on a page that wakes up', async ({ page, gnista }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  const s = await station(gnista.url, 'PLUG-FIRST');
  await s.says('Preparing');
  await page.goto(`/e/${await code(gnista, 1, 'PLUG-FIRST')}?lang=en`);
  await expect(page.locator('#state.plugged')).toBeVisible();
  await expect(page.locator('#go')).toHaveText('Pay and start charging');
  await accessible(page);
  await choose(page, 'swish');
  await expect(page.getByText('What you do not use of it is refunded')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Pay (test)' }).click();
  const t = await s.begin();
  await s.meter(t, 2000, 50_000);
  await expect(heading(page)).toContainText('Charging', { timeout: 30_000 });
  await page.reload();
  await accessible(page);
  await expect(page.locator('.figures')).toContainText('1.000 kWh');
  await s.finish(t, 2000, 'EVDisconnected');
  await expect(heading(page)).toContainText('Done', { timeout: 30_000 });
  await expect(page.getByText('Refunded to you')).toBeVisible();
  await accessible(page);
  s.end();
});

test('is told that a payment was declined, and that nothing was taken, and may try again', async ({ page, gnista }) => {
  const s = await station(gnista.url, 'DECLINED');
  await page.goto(`/e/${await code(gnista, 1, 'DECLINED')}?lang=en`);
  await choose(page, 'swish');
  await page.getByRole('button', { name: 'Decline (test)' }).click();
  await expect(page.getByText('The payment did not go through.').first()).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('No money was taken.').first()).toBeVisible();
  await expect(page.getByText(/Case \d+/).first()).toBeVisible();
  await both(page);
  await page.getByRole('link', { name: 'Try again here' }).click();
  await expect(page.locator('#state.free')).toBeVisible();
  s.end();
});

test('finds a charger, and what is free there', async ({ page }) => {
  await page.goto('/find?lang=en');
  await expect(page.locator('.found').first()).toBeVisible({ timeout: 40_000 }); // by itself, once the stations have come
  await both(page);
  await page.getByLabel('Search by place or charger').fill('guest');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.locator('.found')).toHaveCount(1);
  await expect(page.locator('.prices')).toContainText('4.95 SEK/kWh');
  await page.goto('/find?q=nowhere&lang=sv');
  await expect(page.getByText('Inget passar ”nowhere”.')).toBeVisible();
  await accessible(page);
});

test('a code that leads nowhere says whom to call, and one of a charger that has not come yet waits for it', async ({ page, gnista }) => {
  await page.goto('/e/AAAAAAAAAAAA?lang=en');
  await expect(page.getByText('There is nothing here.')).toBeVisible();
  await expect(page.getByText('08-465 004 04')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Find another charger' })).toBeVisible();
  await both(page);
  await page.request.put('/api/v1/stations/LATER', { data: { state: 'accepted' } });
  await page.goto(`/e/${await code(gnista, 1, 'LATER')}?lang=en`);
  await expect(page.getByText('This charger is not ready yet.')).toBeVisible();
  await accessible(page);
  const s = await station(gnista.url, 'LATER');
  await expect(page.locator('#state.free')).toBeVisible({ timeout: 20_000 });
  s.end();
});

test('a lock that fails is told in words, and the page goes on by itself when it is well', async ({ page, gnista }) => {
  const s = await station(gnista.url, 'LOCK-1');
  await page.goto(`/e/${await code(gnista, 1, 'LOCK-1')}?lang=en`);
  await expect(page.locator('#state.free')).toBeVisible();
  await expect(page.locator('#go')).toHaveText('Pay, then plug in');
  await page.getByText('Receipt for a company').click();
  await page.getByLabel('Your reference').fill('K-17');
  await s.says('Preparing');
  await expect(page.locator('#go')).toHaveText('Pay and start charging'); // either order
  await s.says('Faulted', 'ConnectorLockFailure');
  await expect(page.locator('#state')).toContainText(/lock/i, { timeout: 20_000 });
  await expect(page.locator('#state')).toContainText('No money was taken.');
  await expect(page.locator('#state')).toContainText(/Case \d+/);
  await expect(page.locator('#go')).toHaveCount(0); // nothing can be paid
  await both(page);
  await s.says('Available');
  await expect(page.locator('#go')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByLabel('Your reference')).toHaveValue('K-17'); // what was written is still there
  s.end();
});

/** A mail server that takes what comes, and keeps it. */
async function post() {
  const mails: string[] = [];
  const server = createServer((c) => {
    let [text, mail] = ['', false];
    c.write('220 test\r\n');
    c.on('error', () => undefined).on('data', (more) => {
      for (text += more.toString(); ;) {
        const end = text.indexOf(mail ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const line = text.slice(0, end);
        text = text.slice(end + (mail ? 5 : 2));
        if (mail) mails.push(line);
        const next = !mail && /^DATA/i.test(line);
        c.write(next ? '354 go on\r\n' : /^QUIT/i.test(line) ? '221 bye\r\n' : '250 fine\r\n');
        mail = next;
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { mails, url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}?tls=optional`, end: () => server.close() };
}

test('nobody who does not pay in time is charged, and a receipt comes by mail', async ({ browser }) => {
  const mail = await post();
  const flags = ['--guest-pay-within', '1m', '--smtp-url', mail.url, '--mail-from', 'laddning@example.com'];
  const g = await start('--demo', ...flags);
  const s = await station(g.url, 'IN-TIME');
  const slow = await station(g.url, 'TOO-LATE');
  const context = await browser.newContext({ baseURL: g.url });
  const [page, late] = [await context.newPage(), await context.newPage()];
  await late.goto(`/e/${await code(g, 1, 'TOO-LATE')}?lang=en`);
  await choose(late, 'stripe');
  await expect(late.getByText('Pay before')).toBeVisible();

  await s.says('Preparing');
  await page.goto(`/e/${await code(g, 1, 'IN-TIME')}?lang=en`);
  await choose(page, 'swish');
  await page.getByRole('button', { name: 'Pay (test)' }).click();
  const t = await s.begin();
  await expect(heading(page)).toContainText('Charging', { timeout: 30_000 });
  await s.finish(t, 3000, 'EVDisconnected');
  await expect(heading(page)).toContainText('Done', { timeout: 30_000 });
  await page.getByText('Send the receipt to an e-mail address').click();
  await accessible(page);
  await page.getByLabel('E-mail').fill('anna@example.com');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText('The receipt has been sent.')).toBeVisible();
  expect(mail.mails).toHaveLength(1);
  expect(mail.mails[0]).toContain('To: <anna@example.com>');
  expect(mail.mails[0]).toContain('application/pdf');

  await expect(heading(late)).toContainText('Cancelled', { timeout: 90_000 });
  await expect(late.getByText('Nothing was charged.')).toBeVisible();
  s.end();
  slow.end();
  mail.end();
  await g.stop();
});

/** How much of a page of ours comes over the wire, what its first paint waits for, and when that is on a slow network. */
async function weigh(page: Page, address: string) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const bytes = (1.6 * 1024 * 1024) / 8;
  const slow = { offline: false, latency: 150, downloadThroughput: bytes, uploadThroughput: bytes / 2 };
  await session.send('Network.emulateNetworkConditions', slow);
  await page.goto(address, { waitUntil: 'load' });
  const [blocking, painted, size] = await page.evaluate(async () => {
    type Resource = PerformanceResourceTiming & { renderBlockingStatus: string };
    const at = await new Promise<number>((done) =>
      new PerformanceObserver((l) => done(l.getEntries()[0]!.startTime)).observe({ type: 'paint', buffered: true }),
    );
    const list = performance.getEntriesByType('resource') as Resource[];
    const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    const sent = list.filter((x) => !/\.png$|\/live/.test(x.name)).reduce((n, x) => n + x.encodedBodySize, page!.encodedBodySize);
    return [list.filter((x) => x.renderBlockingStatus === 'blocking').map((x) => new URL(x.name).pathname), at, sent] as const;
  });
  await session.detach();
  return { size, blocking, painted };
}

test('is small and quick on a slow network', async ({ page, context, gnista }) => {
  const s = await station(gnista.url, 'SMALL');
  const offered = await weigh(page, `/e/${await code(gnista, 1, 'SMALL')}?lang=en`);
  await choose(page, 'stripe');
  const paying = await weigh(await context.newPage(), page.url());
  for (const { size, blocking, painted } of [offered, paying]) {
    expect(size).toBeGreaterThan(1000);
    expect(size).toBeLessThan(60_000);
    expect(blocking).toEqual([expect.stringMatching(/^\/assets\/[0-9a-f]{12}\/pay\.css$/)]); // two ways to and fro, and it is seen: how long that is depends on the machine as well
    console.log(`painted after ${Math.round(painted)} ms, ${size} bytes over the wire`);
  }
  s.end();
});
