import { accessible, expect, test } from './gnista';
import type { Page } from '@playwright/test';

test.describe.configure({ timeout: 240_000 }); // each screen is looked through by axe, which takes its time

const everySchemeOf = async (page: Page) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await accessible(page);
  }
};

test('stations are found, the address keeps how, and a view is saved', async ({ page }) => {
  await page.goto('/stations');
  await expect(page.getByRole('link', { name: 'DEMO-16-1', exact: true })).toBeVisible();
  await page.getByLabel('Id or name').fill('demo-21');
  await expect(page.getByRole('link', { name: 'DEMO-16-1', exact: true })).toBeHidden();
  await expect(page).toHaveURL(/q=demo-21/);
  await page.getByRole('button', { name: 'Save this view' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Mine');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('link', { name: 'DEMO-16-1', exact: true })).toBeVisible();
  await page.reload();
  await page.getByRole('link', { name: 'Mine' }).click();
  await expect(page).toHaveURL(/q=demo-21/);
  await expect(page.getByRole('link', { name: 'DEMO-21-1', exact: true })).toBeVisible();
  await page.goto('/stations?q=there-is-none');
  await expect(page.getByText('No station matches the filters')).toBeVisible();
  await page.goto('/stations?sort=-id');
  await expect(page.getByRole('row').nth(1)).toContainText('DEMO-GUEST');
  await everySchemeOf(page);
});

test('a station tells how it is, and what is done with it is followed', async ({ page }) => {
  await page.goto('/stations/DEMO-16-1');
  await expect(page.getByRole('heading', { name: 'Outlet 1' })).toBeVisible();
  await everySchemeOf(page);
  await page.getByRole('button', { name: 'Commands', exact: true }).click();
  await page.getByRole('button', { name: 'Ask for a message …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { name: 'Latest command' })).toBeVisible();
  await expect(page.getByRole('table').getByText('trigger status').first()).toBeVisible();
  await page.getByRole('button', { name: 'Hard restart …' }).click();
  const send = page.getByRole('dialog').getByRole('button', { name: 'Send' });
  await expect(send).toBeDisabled();
  await page.getByLabel(/Type DEMO-16-1/).fill('DEMO-16-1');
  await expect(send).toBeEnabled();
  await accessible(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Timeline', exact: true }).click();
  await expect(page.getByRole('table').getByText('trigger status').first()).toBeVisible();
  await expect(page.getByRole('table').getByText('Connected').first()).toBeVisible();
  await everySchemeOf(page);
});

test('messages stand with their answers, and a command that makes no sense is told so', async ({ page }) => {
  await page.goto('/stations/DEMO-201-1?tab=messages&action=BootNotification');
  await page.getByRole('button', { name: /BootNotification/ }).first().click(); // prettier-ignore
  await expect(page.getByRole('dialog').getByText('answered after')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Close' }).click();
  await everySchemeOf(page);
  await page.goto('/stations/DEMO-201-1?tab=commands');
  await page.getByRole('button', { name: 'Send any OCPP message …' }).click();
  await page.getByLabel('Action, as in DataTransfer').fill('Nonsense');
  await page.getByLabel(/Type DEMO-201-1/).fill('DEMO-201-1');
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('alert')).toContainText('Nonsense');
  await page.goto('/stations/none');
  await expect(page.getByRole('alert')).toContainText('It is not there');
});

test('a setting is changed after a look at what is sent', async ({ page }) => {
  await page.goto('/stations/DEMO-16-2?tab=settings');
  await page.getByRole('button', { name: 'Read all again' }).click();
  await page.getByLabel('Find a setting').fill('HeartbeatInterval');
  await page.getByLabel('New value: HeartbeatInterval').fill('123', { timeout: 60_000 });
  await page.getByRole('button', { name: /Look over 1 change/ }).click();
  await expect(page.getByRole('dialog').locator('ins')).toHaveText('123');
  await page
    .getByRole('dialog')
    .getByLabel(/Reason/)
    .fill('to try it');
  await page.getByRole('dialog').getByRole('button', { name: 'Send to the station' }).click();
  await expect(page.getByRole('heading', { name: 'What the station said' })).toBeVisible();
  await everySchemeOf(page);
});

test('every part of a station shows something, also on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const tab of ['firmware', 'check', 'power', 'certificates', 'list', 'quirks', 'security', 'display']) {
    await page.goto('/stations/DEMO-21-1?tab=' + tab);
    await expect(page.locator('main').getByRole('heading', { level: 1 })).toHaveText('DEMO-21-1');
    await expect(page.locator('main :is(table, [role=table], .card)').first()).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), tab).toBe(true);
    await accessible(page);
  }
});

test('something is done to all that match, in waves, and followed', async ({ page }) => {
  await page.goto('/stations?q=demo-16');
  await page.getByRole('link', { name: /Do something with all 2/ }).click();
  await expect(page.getByText('2 stations match the filters')).toBeVisible();
  await page.locator('main').getByLabel('Action').selectOption('clear-cache');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByText('Clear the cache of cards, 2 stations')).toBeVisible();
  await everySchemeOf(page);
  await page.getByRole('button', { name: 'Begin …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Begin' }).click();
  await expect(page).toHaveURL(/\/campaigns\/[0-9a-f-]+$/);
  await expect(page.getByRole('status').getByText('2 of 2 done').first()).toBeVisible({ timeout: 20_000 });
  await everySchemeOf(page);
  await page.goto('/campaigns');
  await expect(page.getByRole('link', { name: 'Clear the cache of cards' })).toBeVisible();
  await accessible(page);
});

test('the lists beside: templates, firmware, certificates, and the map', async ({ page, request }) => {
  await page.goto('/templates');
  await page.getByRole('button', { name: 'New template …' }).click();
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Beats');
  await page.getByLabel(/Settings, one a line/).fill('heartbeat-interval');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('Line 1');
  await page.getByLabel(/Settings, one a line/).fill('heartbeat-interval = 300');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('table').getByText('Beats')).toBeVisible();
  await everySchemeOf(page);
  await page.goto('/firmware');
  await page.getByRole('button', { name: 'Add a file …' }).click();
  await page
    .getByLabel('File from the vendor')
    .setInputFiles({ name: 'pole.bin', mimeType: 'application/octet-stream', buffer: Buffer.from('firmware') });
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  await expect(page.getByRole('table').getByText('pole.bin')).toBeVisible();
  await everySchemeOf(page);
  for (const tab of ['', 'issued', 'roots']) {
    await page.goto('/certificates?tab=' + tab);
    await expect(page.locator('main :is([role=table], .card, .notice)').first()).toBeVisible();
    await accessible(page);
  }
  const site = await (
    await request.post('/api/v1/sites', { data: { name: 'The harbour', position: { latitude: 57.7, longitude: 11.97 } } })
  ).json();
  await request.patch('/api/v1/stations/DEMO-16-1', { data: { site: site.id } });
  const outside: string[] = [];
  page.on('request', (r) => !/^(http:\/\/127\.0\.0\.1|blob:|data:)/.test(r.url()) && outside.push(r.url()));
  await page.goto('/map');
  await expect(page.getByRole('table').getByText('The harbour')).toBeVisible();
  await expect(page.getByRole('button', { name: /The harbour: 1 stations/ })).toBeVisible();
  await everySchemeOf(page);
  expect(outside).toEqual([]);
});
