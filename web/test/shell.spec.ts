import { accessible, expect, start, test } from './gnista';
import type { Page } from '@playwright/test';

test('the way to the parts, the palette and the keys', async ({ page }) => {
  await page.goto('/stations');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /^Find/ }).fill('DEMO-16-1');
  await expect(page.getByRole('option', { name: /DEMO-16-1/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/stations\/DEMO-16-1$/);
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page).toHaveURL(/\/stations$/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await accessible(page);
});

test('the way shows the part that a screen is of, and on a phone nothing is wider than the screen', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [at, part] of [
    ['/alerts', 'Faults'],
    ['/firmware', 'Bulk changes'],
    ['/cards', 'Customers and cards'],
    ['/reconciliation', 'Payments'],
    ['/ledger', 'Invoices and ledger'],
  ] as const) {
    await page.goto(at);
    await expect(page.locator('main').getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('#parts [aria-current=page]')).toHaveText(part);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), at).toBe(true);
  }
  await page.goto('/reconciliation');
  await expect(page.locator('main nav a[aria-current]')).toBeInViewport({ ratio: 0.95 });
  await page.goto('/firmware');
  await page.getByRole('button', { name: 'Add a file …' }).click();
  expect(await page.getByRole('dialog').evaluate((d) => d.scrollWidth <= d.clientWidth)).toBe(true);
  await page.goto('/faults');
  const search = (await page.getByLabel('Station, code or case').boundingBox())!;
  const state = (await page.getByLabel('State').boundingBox())!;
  expect(search.x + search.width).toBeLessThan(state.x);
});

test('an address that leads nowhere says so', async ({ page }) => {
  await page.goto('/nowhere/at/all');
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
});

test('what is not there is 404', async ({ request }) => {
  for (const path of ['/built/none.js', '/built/../index.html', '/built/%2e%2e/web.go', '/favicon.ico', '/assets/none.css']) {
    expect((await request.get(path)).status(), path).toBe(404);
  }
});

test('what a viewer and a technician see and may do', async ({ page, browser }) => {
  test.setTimeout(180_000);
  const g = await start();
  try {
    const ask = async (method: 'post' | 'put', path: string, data: unknown) => {
      const answer = await page.request[method](g.url + '/api/v1' + path, { data });
      expect(answer.ok(), path).toBe(true);
      return (await answer.json()) as { id: string };
    };
    const site = await ask('post', '/sites', { name: 'Hamnen', position: { latitude: 57.7, longitude: 11.97 } });
    await ask('put', '/stations/HERE-1', { state: 'accepted', site: site.id });
    await ask('put', '/stations/AWAY-1', { state: 'accepted' });
    const password = 'correct horse battery';
    const signIn = async (on: Page, who: string) => {
      await on.goto(g.url + '/stations');
      await on.getByLabel('E-mail').fill(who + '@example.com');
      await on.getByLabel('Password').fill(password);
      await on.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(on.getByRole('link', { name: 'HERE-1' })).toBeVisible();
    };
    await ask('post', '/users', { email: 'boss@example.com', name: 'Boss', grants: [{ role: 'admin' }], password });
    await signIn(page, 'boss');
    const made = await page.evaluate(
      async (users) => {
        const headers = { 'Content-Type': 'application/json' };
        const all = users.map((u) => fetch('/api/v1/users', { method: 'POST', headers, body: JSON.stringify(u) }));
        return (await Promise.all(all)).map((r) => r.status);
      },
      [
        { email: 'vera@example.com', name: 'Vera', grants: [{ role: 'viewer' }], password },
        { email: 'tor@example.com', name: 'Tor', grants: [{ role: 'technician', sites: [site.id] }], password },
      ],
    );
    expect(made).toEqual([201, 201]);

    const vera = await browser.newPage({ locale: 'en-GB' });
    await signIn(vera, 'vera');
    await expect(vera.getByRole('link', { name: 'AWAY-1' })).toBeVisible();
    await expect(vera.getByRole('button', { name: 'Add station' })).toHaveCount(0);
    await expect(vera.getByRole('link', { name: /Do something with/ })).toHaveCount(0);
    await expect(vera.getByRole('link', { name: 'Users', exact: true })).toHaveCount(0);
    await vera.goto(g.url + '/stations/HERE-1?tab=commands');
    await expect(vera.getByRole('heading', { name: 'HERE-1' })).toBeVisible();
    await expect(vera.getByRole('button', { name: /restart/ })).toHaveCount(0);
    await vera.goto(g.url + '/campaigns/new');
    await expect(vera.getByText('You may not change stations.')).toBeVisible();
    await vera.close();

    const tor = await browser.newPage({ locale: 'en-GB' });
    await signIn(tor, 'tor');
    await expect(tor.getByRole('link', { name: 'AWAY-1' })).toHaveCount(0); // it is at no site of his
    await tor.goto(g.url + '/stations/HERE-1?tab=commands');
    await expect(tor.getByRole('button', { name: 'Soft restart …' })).toBeVisible();
    await tor.goto(g.url + '/stations/AWAY-1');
    await expect(tor.getByRole('alert')).toBeVisible();
    await tor.goto(g.url + '/map');
    await expect(tor.getByRole('table').getByText('Hamnen')).toBeVisible();
    await expect(tor.getByRole('alert')).toHaveCount(0);
    await tor.close();
  } finally {
    await g.stop();
  }
});
