// From an empty system to a charge that is billed, and what each role may do there.
import { accessible, expect, start, test } from './gnista';
import { speak } from './station';
import type { Page } from '@playwright/test';

const password = 'correct horse battery';

async function signIn(page: Page, to: string, email: string) {
  await page.goto(to);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function firstUser(page: Page, url: string) {
  await page.goto(url + '/users');
  await page.getByRole('button', { name: 'Add a user' }).click();
  const ask = page.getByRole('dialog');
  await ask.getByLabel('Name').fill('Astrid');
  await ask.getByLabel('E-mail').fill('astrid@example.com');
  await ask.getByLabel(/^Password/).fill(password);
  await ask.getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(/\/sign-in\?to=/);
}

test('the first user, station, tariff and card, and the first car is billed', async ({ page }) => {
  test.setTimeout(120_000);
  const g = await start();
  try {
    await firstUser(page, g.url);
    await signIn(page, g.url + '/start', 'astrid@example.com');
    await page.getByRole('textbox', { name: /^Identity/ }).fill('HAMN-1');
    await page.getByRole('radio', { name: /^Without a password/ }).check();
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByText(g.url.replace('http', 'ws') + '/ocpp/HAMN-1')).toBeVisible();
    await speak(page, g.url, 'HAMN-1', [
      ['BootNotification', { chargePointVendor: 'Test', chargePointModel: 'Pole' }],
      ['StatusNotification', { connectorId: 1, status: 'Available', errorCode: 'NoError' }],
    ]);
    await page.goto(g.url + '/stations/HAMN-1');
    await expect(page.getByRole('heading', { level: 1, name: 'HAMN-1' })).toBeVisible();

    await page.goto(g.url + '/tariffs/new');
    await page.getByLabel('Name', { exact: true }).fill('Hamnen');
    await page.getByLabel('Price', { exact: true }).fill('5');
    await page.getByLabel('Holds where no other tariff is chosen').check();
    await page.getByRole('button', { name: 'Save the tariff' }).click();
    const ask = page.getByRole('dialog');
    await ask.getByRole('button', { name: 'Save the tariff' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Hamnen' })).toBeVisible();

    await page.goto(g.url + '/customers');
    await page.getByRole('button', { name: 'New customer' }).click();
    await ask.getByLabel('Name', { exact: true }).fill('Bo Berg');
    await ask.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'New account' }).click();
    await ask.getByLabel('Name').fill('Bo');
    await ask.getByLabel('How it is paid').selectOption('postpaid');
    await ask.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: 'Bo', exact: true }).click();
    await page.getByRole('button', { name: 'New card' }).click();
    await ask.getByLabel('Number (UID)').fill('04B0B0B0');
    await ask.getByLabel('Name', { exact: true }).fill('Bo');
    await ask.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('link', { name: '04B0B0B0' })).toBeVisible();

    const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
    const answers = await speak(page, g.url, 'HAMN-1', [
      ['BootNotification', { chargePointVendor: 'Test', chargePointModel: 'Pole' }],
      ['Authorize', { idTag: '04B0B0B0' }],
      ['StartTransaction', { connectorId: 1, idTag: '04B0B0B0', meterStart: 1000, timestamp: at(2) }],
      ['StopTransaction', { transactionId: 'LAST', meterStop: 11000, timestamp: at(1), reason: 'Local' }],
    ]);
    expect(answers[1]).toMatchObject({ idTagInfo: { status: 'Accepted' } });
    await page.goto(g.url + '/transactions?station=HAMN-1');
    await page.getByRole('table', { name: 'Charging' }).getByRole('link').first().click();
    await expect(page.getByRole('heading', { name: 'What it costs, line by line' })).toBeVisible();
    await expect(page.getByRole('row', { name: /^Energy .*10\.00 kWh.*SEK.5\.00\/kWh.*SEK.50\.00/ })).toBeVisible();
    await expect(page.getByRole('row', { name: /^To pay .*SEK.50\.00/ })).toBeVisible();
    await accessible(page);
    const receipt = await page.getByRole('link', { name: 'Receipt', exact: true }).getAttribute('href');
    const text = await (await page.request.get(g.url + receipt, { headers: { Accept: 'text/html' } })).text();
    expect(text).toMatch(/50[.,]00/);
    await page.getByRole('link', { name: 'Charge record 1' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Charge record 1' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Tariff: Hamnen, version 1' })).toBeVisible();
  } finally {
    await g.stop();
  }
});

test('each role sees its part, and the API refuses the rest', async ({ page, browser }) => {
  test.setTimeout(120_000);
  const g = await start();
  try {
    await firstUser(page, g.url);
    await signIn(page, g.url + '/users', 'astrid@example.com');
    await expect(page.getByRole('cell', { name: 'astrid@example.com' })).toBeVisible();
    // What one asks of the API as who is signed in on a page.
    const ask = (who: Page, method: string, path: string, body?: unknown) =>
      who.evaluate(
        async ([method, path, body]) => {
          const headers = { 'Content-Type': 'application/json' };
          const r = await fetch('/api/v1' + path, { method, headers, body: body ? JSON.stringify(body) : undefined });
          return { status: r.status, body: await r.json().catch(() => null) };
        },
        [method, path, body] as const,
      );
    const site = (await ask(page, 'POST', '/sites', { name: 'Hamnen' })).body.id as string;
    await ask(page, 'PUT', '/stations/HERE', { state: 'accepted', site });
    await ask(page, 'PUT', '/stations/THERE', { state: 'accepted' });
    const roles = {
      viewer: { there: ['Stations', 'Charging'], gone: ['Payments', 'Users', 'Customers and cards'], sites: undefined },
      operator: { there: ['Stations', 'Payments', 'Customers and cards'], gone: ['Users', 'Trail of changes'], sites: undefined },
      technician: { there: ['Stations', 'Charging'], gone: ['Payments', 'Users', 'Customers and cards'], sites: [site] },
      finance: { there: ['Payments', 'Customers and cards', 'Tariffs'], gone: ['Users', 'Trail of changes'], sites: undefined },
    };
    const may: Record<string, Record<string, number>> = {
      viewer: { 'GET /stations': 200, 'GET /payments': 403, 'PATCH /stations/HERE': 403, 'GET /users': 403 },
      operator: { 'GET /stations': 200, 'GET /payments': 200, 'PATCH /stations/HERE': 200, 'GET /users': 403 },
      technician: { 'GET /stations': 200, 'GET /payments': 403, 'PATCH /stations/HERE': 200, 'PATCH /stations/THERE': 403 },
      finance: { 'GET /stations': 200, 'GET /payments': 200, 'PATCH /stations/HERE': 403, 'GET /audit': 403 },
    };
    for (const [role, r] of Object.entries(roles)) {
      const email = role + '@example.com';
      const made = await ask(page, 'POST', '/users', { email, name: role, password, grants: [{ role, sites: r.sites }] });
      expect(made.status).toBe(201);
      const other = await browser.newPage();
      await signIn(other, g.url + '/me', email);
      await expect(other.getByRole('heading', { name: 'Your account' })).toBeVisible();
      const menu = other.getByRole('navigation').first();
      for (const name of r.there) await expect(menu.getByRole('link', { name, exact: true })).toBeVisible();
      for (const name of r.gone) await expect(menu.getByRole('link', { name, exact: true })).toHaveCount(0);
      for (const [what, status] of Object.entries(may[role]!)) {
        const [method, path] = what.split(' ') as [string, string];
        const answer = await ask(other, method, path, method === 'PATCH' ? { name: 'Pole' } : undefined);
        expect([role, what, answer.status]).toEqual([role, what, status]);
        if (path === '/stations') {
          const seen = answer.body.items.map((s: { id: string }) => s.id).sort();
          expect(seen).toEqual(role === 'technician' ? ['HERE'] : ['HERE', 'THERE']);
        }
      }
      if (role === 'viewer') {
        await other.goto(g.url + '/payments');
        await expect(other.getByText('You may not see this. Ask an administrator for the right.').first()).toBeVisible();
      }
      await other.close();
    }
  } finally {
    await g.stop();
  }
});
