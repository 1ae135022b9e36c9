// A driver's account, from the first mail to its end.
import type { Page } from '@playwright/test';
import { both } from './both';
import { station } from './charger';
import { accessible, expect, test } from './gnista';

async function signUp(page: Page, email: string, name: string) {
  await page.goto('/my');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await page.getByRole('link', { name: 'Open the link' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Open the account' }).click();
  await expect(page.getByRole('heading', { name: `Hello ${name}` })).toBeVisible();
}

test('from the first mail to the end of the account', async ({ page, gnista, request }) => {
  test.setTimeout(400_000); // many pages are looked at
  await page.setViewportSize({ width: 390, height: 844 });
  const s = await station(gnista.url, 'MY-1');
  await page.goto('/my');
  await expect(page).toHaveURL(/\/my\/sign-in/);
  await both(page);
  await page.getByLabel('E-mail address').fill('nobody');
  await page.getByLabel('E-mail address').evaluate((x) => x.setAttribute('type', 'text'));
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(page.getByRole('alert')).toContainText('no e-mail address');
  await signUp(page, 'maja@example.com', 'Maja');
  await expect(page.getByText('Nothing is charging.')).toBeVisible();
  await accessible(page);

  await page.getByRole('link', { name: 'Cards' }).click();
  await page.getByRole('link', { name: 'Add a charging card' }).click();
  await page.getByLabel('Code on the outlet').fill('NOWHERE');
  await page.getByRole('button', { name: 'I stand there' }).click();
  await expect(page.getByRole('alert')).toContainText('no such charger');
  await page.getByLabel('Code on the outlet').fill('MY-1');
  await page.getByRole('button', { name: 'I stand there' }).click();
  await expect(page.getByText('Hold the card to MY-1')).toBeVisible();
  await accessible(page);
  await s.tap('04A1B2C3D4E5F6');
  await page.getByRole('button', { name: '…E5F6 is my card' }).click();
  await s.tap('04A1B2C3D4E5F6');
  await page.getByLabel('What you call it').fill('On my keys');
  await page.getByRole('button', { name: 'Add …E5F6' }).click();
  await expect(page.getByRole('heading', { name: /On my keys/ })).toBeVisible();
  await page.getByText('Name, limits, remove').first().click();
  await both(page);
  await page.getByLabel('Energy, kWh').first().fill('50.5');
  await page.getByRole('button', { name: 'Save' }).first().click();
  await expect(page.getByText('Saved.')).toBeVisible();
  expect(await s.tap('04A1B2C3D4E5F6')).toMatchObject({ idTagInfo: { status: 'Accepted' } });
  await page.getByRole('button', { name: /^Block – I have lost it/ }).click();
  expect(await s.tap('04A1B2C3D4E5F6')).toMatchObject({ idTagInfo: { status: 'Blocked' } });
  await page.getByRole('button', { name: 'Unblock' }).click();
  await expect(page.getByText('The card works again.')).toBeVisible();

  await page.getByRole('link', { name: 'Payment' }).click();
  await page.getByRole('button', { name: 'Pay by bank card' }).click();
  await accessible(page);
  await page.getByRole('button', { name: 'Give a card (test)' }).click();
  await expect(page.getByText('each charge is paid by it')).toBeVisible();
  await accessible(page);

  const made = (await (await request.post('/api/v1/stations/MY-1/evses/1/code')).json()) as { code: string };
  await page.goto(`/e/${made.code}`);
  await accessible(page);
  await page.getByRole('button', { name: 'Charge with my account' }).click();
  await expect(page.getByText('The charger is ready')).toBeVisible();
  const order = await s.ordered('RemoteStartTransaction');
  const at = () => new Date().toISOString();
  const begun = await s.call('StartTransaction', { connectorId: 1, idTag: order.idTag, meterStart: 1000, timestamp: at() });
  expect(begun).toMatchObject({ idTagInfo: { status: 'Accepted' } });
  await expect(page.getByRole('button', { name: 'Stop charging' })).toBeVisible();
  await both(page);
  await page.goto('/my/delete');
  await expect(page.getByText('A car is charging.')).toBeVisible();
  await page.goto('/my');
  await page.getByRole('button', { name: 'Stop charging' }).click();
  await expect(page.getByText('The charger is stopping.')).toBeVisible();
  await s.ordered('RemoteStopTransaction');
  await s.call('StopTransaction', { transactionId: begun.transactionId, meterStop: 6000, timestamp: at(), reason: 'Remote' });
  await expect(async () => {
    await page.goto('/my/history');
    await expect(page.getByText('5.000 kWh')).toBeVisible({ timeout: 500 });
  }).toPass();
  await both(page);
  const table = await page.request.get('/my/history.csv');
  expect(await table.text()).toContain('original,MY-1,1');
  await page
    .getByRole('link', { name: /^Receipt \d+/ })
    .first()
    .click();
  await expect(page.getByRole('heading', { name: /^Receipt/ })).toBeVisible();

  await page.goto('/my/settings');
  await accessible(page);
  await page.getByLabel('Language').selectOption('sv');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: 'Inställningar' })).toBeVisible();
  const mine = (await (await page.request.get('/my/export')).json()) as Record<string, { email?: string }[] & { email?: string }>;
  expect(mine.customer!.email).toBe('maja@example.com');
  expect(mine.receipts!.length).toBe(1);
  expect(mine.cards!.length).toBe(2);
  // The card on file is charged, and then nothing is owed.
  await expect(async () => {
    await page.goto('/my/delete');
    await expect(page.getByRole('checkbox')).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 30_000 });
  await accessible(page);
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Radera för alltid' }).click();
  await expect(page.getByText('Ditt konto är raderat.')).toBeVisible();
  await page.goto('/my');
  await expect(page).toHaveURL(/\/my\/sign-in/);
  expect(await s.tap('04A1B2C3D4E5F6')).toMatchObject({ idTagInfo: { status: 'Invalid' } });
  s.end();
});

test('an account is asked for at the charger, without scripts too', async ({ browser, gnista, request }) => {
  const s = await station(gnista.url, 'MY-2');
  const made = (await (await request.post('/api/v1/stations/MY-2/evses/1/code')).json()) as { code: string };
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: gnista.url, locale: 'sv-SE' });
  const page = await context.newPage();
  await page.goto(`/e/${made.code}`);
  await page.getByRole('link', { name: 'Jag har ett konto' }).click();
  await page.getByLabel('E-postadress').fill('nils@example.com');
  await page.getByRole('button', { name: 'Skicka en länk' }).click();
  const link = await page.getByRole('link', { name: 'Öppna länken' }).getAttribute('href');
  await page.goto(link!);
  await page.getByLabel('Namn').fill('Nils');
  await page.getByRole('button', { name: 'Öppna kontot' }).click();
  await expect(page).toHaveURL(new RegExp(`/e/${made.code}`));
  await page.getByRole('button', { name: 'Ladda med mitt konto' }).click();
  await expect(page.getByText('Laddaren är redo')).toBeVisible();
  await page.goto(link!);
  await expect(page.getByRole('alert')).toContainText('använd eller för gammal');
  await context.close();
  s.end();
});
