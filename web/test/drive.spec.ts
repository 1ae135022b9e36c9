// Drivers without a contract: they find a charger, pay, charge, stop and have a receipt, and are told what is wrong.
import type { Browser, Page } from '@playwright/test';
import { brotliCompressSync } from 'node:zlib';
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

async function both(page: Page) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await accessible(page);
  }
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
  await page.getByText('I have an account or a card').click();
  await expect(page.getByText('Hold your card or tag')).toBeVisible();
  await accessible(page);
  await choose(page, 'stripe');
  await accessible(page);
  await page.getByRole('button', { name: 'Pay (test)' }).click();
  await expect(heading(page)).toContainText('Charging', { timeout: 40_000 });
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
  await expect(heading(page)).toContainText('Charging');
  await expect(page.locator('form')).toHaveCount(0);
  await accessible(page);
  await context.setOffline(false);
  await expect(page.locator('#net')).toBeHidden({ timeout: 20_000 });
  await expect(heading(page)).toContainText(/Charging|ended|Done/);

  const stop = page.locator('#stop');
  if (await stop.isVisible()) await stop.click({ timeout: 3000 }).catch(() => undefined); // or the car was full before
  await expect(heading(page)).toContainText('Done', { timeout: 40_000 });
  await expect(page.getByText('Released')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Unlock the cable' }).click();
  await expect(page.getByText(/let go of the cable/)).toBeVisible();
  expect(await page.evaluate(async () => !!(await caches.match(location.pathname)))).toBe(false);
  await page.getByRole('link', { name: 'Receipt', exact: true }).click();
  await expect(page.getByText('DEMO-GUEST')).toBeVisible();
});

test('pays by Swish, on a page that wakes up', async ({ page, gnista }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await offer(page, gnista, 1);
  await accessible(page);
  await choose(page, 'swish');
  await accessible(page);
  await page.getByRole('button', { name: 'Pay (test)' }).click();
  await expect(heading(page)).toContainText('Charging', { timeout: 40_000 });
  await page.reload();
  await accessible(page);
  await expect(heading(page)).toContainText(/Charging|ended|Done/);
  await expect(heading(page)).toContainText('Done', { timeout: 60_000 });
  await expect(page.getByText('Refunded')).toBeVisible();
  await accessible(page);
});

test('is told that a payment was declined, and that nothing was taken', async ({ page, gnista }) => {
  await offer(page, gnista, 1);
  await choose(page, 'swish');
  await page.getByRole('button', { name: 'Decline (test)' }).click();
  await expect(page.getByText('The payment did not go through.').first()).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('No money was taken.').first()).toBeVisible();
  await expect(page.getByText(/Case \d+/).first()).toBeVisible();
  await both(page);
});

test('finds a charger, and what is free there', async ({ page }) => {
  await page.goto('/find?lang=en');
  await expect(page.locator('.found').first()).toBeVisible();
  await both(page);
  await page.getByLabel('Search by place or charger').fill('guest');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.locator('.found')).toHaveCount(1);
  await expect(page.locator('.prices')).toContainText('4.95 SEK/kWh');
  await page.goto('/find?q=nowhere&lang=sv');
  await expect(page.getByText('Inget passar ”nowhere”.')).toBeVisible();
  await accessible(page);
});

/** A station of OCPP 1.6 in a tab, which says what it is told to. */
async function station(browser: Browser, g: Gnista, id: string) {
  const page = await browser.newPage();
  await page.evaluate(
    ([url, id]) =>
      new Promise<void>((done) => {
        const socket = new WebSocket(`${url!.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6');
        let n = 0;
        const say = (action: string, payload: object) => socket.send(JSON.stringify([2, `${++n}`, action, payload]));
        Object.assign(window, { say });
        socket.onopen = () => say('BootNotification', { chargePointVendor: 'Test', chargePointModel: 'Lock' });
        socket.onmessage = (e) => {
          const [kind, of] = JSON.parse(e.data as string) as [number, string];
          if (kind === 2) socket.send(JSON.stringify([3, of, { status: 'Accepted' }]));
          else done();
        };
      }),
    [g.url, id],
  );
  return (status: string, errorCode: string) =>
    page.evaluate(
      ([status, errorCode]) =>
        (window as unknown as { say: (a: string, p: object) => void }).say('StatusNotification', {
          connectorId: 1,
          status,
          errorCode,
          timestamp: new Date().toISOString(),
        }),
      [status, errorCode],
    );
}

test('a lock that fails is told in words, and the page goes on by itself when it is well', async ({ page, browser, gnista }) => {
  const says = await station(browser, gnista, 'LOCK-1');
  await says('Available', 'NoError');
  await page.goto(`/e/${await code(gnista, 1, 'LOCK-1')}?lang=en`);
  await expect(page.locator('#state.free')).toBeVisible();
  await expect(page.locator('#go')).toHaveText('Pay, then plug in');
  await says('Preparing', 'NoError');
  await expect(page.locator('#go')).toHaveText('Pay and start charging'); // either order
  await says('Faulted', 'ConnectorLockFailure');
  await expect(page.locator('#state')).toContainText(/lock/i, { timeout: 20_000 });
  await expect(page.locator('#state')).toContainText('No money was taken.');
  await expect(page.locator('#state')).toContainText(/Case \d+/);
  await expect(page.locator('#go')).toHaveCount(0); // nothing can be paid
  await both(page);
  await says('Available', 'NoError');
  await expect(page.locator('#go')).toBeVisible({ timeout: 20_000 });
});

test('nobody who does not pay in time is charged', async ({ browser }) => {
  const g = await start('--demo', '--guest-pay-within', '1m');
  const page = await browser.newPage({ baseURL: g.url });
  await offer(page, g, 2);
  await choose(page, 'stripe');
  await expect(page.getByText('Pay before')).toBeVisible();
  await expect(heading(page)).toContainText('Cancelled', { timeout: 90_000 });
  await expect(page.getByText('Nothing was charged.')).toBeVisible();
  await g.stop();
});

test('is small and quick on a slow network', async ({ page, gnista }) => {
  const address = `${gnista.url}/e/${await code(gnista, 2)}`;
  let size = 0;
  page.on('response', async (r) => {
    if (/\/(e|assets|built)\//.test(r.url()) && !r.url().endsWith('.png')) size += brotliCompressSync(await r.body()).length;
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const bytes = (1.6 * 1024 * 1024) / 8;
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: bytes,
    uploadThroughput: bytes / 2,
  });
  await page.goto(address, { waitUntil: 'domcontentloaded' });
  await expect(page.locator('#state')).toBeVisible();
  const painted = await page.evaluate(
    () =>
      new Promise<number>((done) =>
        new PerformanceObserver((l) => done(l.getEntries()[0]!.startTime)).observe({ type: 'paint', buffered: true }),
      ),
  );
  expect(painted).toBeLessThan(1000);
  await page.waitForLoadState('networkidle').catch(() => undefined);
  expect(size).toBeGreaterThan(1000);
  expect(size).toBeLessThan(60_000);
  console.log(`usable after ${Math.round(painted)} ms, ${size} bytes compressed`);
});
