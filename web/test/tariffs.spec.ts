import { accessible, expect, test } from './gnista';

test('a tariff is written, shows what drivers see and what it costs, and is kept', async ({ page }) => {
  await page.goto('/tariffs');
  await expect(page.getByRole('link', { name: 'Demo', exact: true })).toBeVisible();
  await accessible(page);
  await page.getByRole('link', { name: 'New tariff' }).click();
  const save = page.getByRole('button', { name: 'Save the tariff' });
  await expect(save).toBeDisabled();
  await page.getByLabel('Name', { exact: true }).fill('Hamnen');
  const first = page.getByRole('group', { name: 'Price 1' });
  await first.getByLabel('Price', { exact: true }).fill('-1');
  await expect(first.getByLabel('Price', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await accessible(page);
  await first.getByLabel('Price', { exact: true }).fill('5,95');
  await first.getByText(/^When it holds/).click();
  await first.getByLabel('From (time of day)').fill('06:00');
  await first.getByLabel('To (time of day)').fill('06:00');
  await expect(first.locator('[aria-invalid=true]').or(first.getByRole('alert')).first()).toBeVisible();
  await first.getByLabel('To (time of day)').fill('22:00');
  await page.getByRole('button', { name: 'Add a price' }).click();
  const second = page.getByRole('group', { name: 'Price 2' });
  await second.getByLabel('Price', { exact: true }).fill('3.95');
  await expect(page.locator('p[lang=sv]')).toContainText('5,95 kr/kWh');
  await expect(page.locator('p[lang=en]')).toContainText('3.95 SEK/kWh');
  await page.getByLabel('Begins').fill('2026-12-01T10:00');
  await page.getByLabel('Energy', { exact: true }).fill('10');
  await expect(page.getByText(/SEK.59\.50|SEK.39\.50/).first()).toBeVisible();
  await page.getByLabel('Charges for').fill('');
  await expect(page.getByLabel('Charges for')).toHaveAttribute('aria-invalid', 'true');
  await save.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save the tariff' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Hamnen' })).toBeVisible();
});

test('it is assigned, given another version, compared, exported, and cannot be deleted', async ({ page }) => {
  await page.goto('/tariffs');
  await page.getByRole('link', { name: 'Hamnen' }).click();
  await page.getByRole('button', { name: 'Where it holds' }).click();
  await expect(page.getByText('Chosen nowhere.')).toBeVisible();
  await page.getByRole('button', { name: 'Have it hold somewhere' }).click();
  const ask = page.getByRole('dialog');
  await ask.getByLabel('Where', { exact: true }).selectOption('evse');
  await ask.getByLabel('Which one').fill('NOWHERE');
  await ask.getByRole('button', { name: 'Have it hold' }).click();
  await expect(ask.getByRole('alert')).toBeVisible();
  await ask.getByLabel('Which one').fill('DEMO-16-1');
  await ask.getByRole('button', { name: 'Have it hold' }).click();
  await expect(page.getByRole('link', { name: 'DEMO-16-1 · 1' })).toBeVisible();
  await accessible(page);

  await page.getByRole('button', { name: 'Delete' }).click();
  await ask.getByRole('button', { name: 'Delete' }).click();
  await expect(ask.getByText(/cannot be deleted/)).toBeVisible();
  await ask.getByRole('button', { name: 'Cancel' }).click();

  await page.getByRole('button', { name: 'New version' }).click();
  await page.getByRole('group', { name: 'Price 1' }).getByLabel('Price', { exact: true }).fill('6.95');
  await expect(page.locator('p[lang=en]')).toContainText('6.95 SEK/kWh');
  await page.getByRole('button', { name: 'Save the version' }).click();
  await ask.getByRole('button', { name: 'Save the version' }).click();
  await expect(page.getByRole('heading', { name: 'Version 2' })).toBeVisible();
  await accessible(page);

  await page.getByRole('button', { name: 'Compare with the past' }).click();
  await page.getByRole('button', { name: 'Reckon', exact: true }).click();
  await expect(page.getByText(/would have been,/)).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'OCPI and OCPP' }).click();
  await expect(page.getByText('"price_components"').first()).toBeVisible();
  await page.getByLabel('For', { exact: true }).selectOption('ocpp');
  await expect(page.getByText('"priceKwh"').first()).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Where it holds' }).click();
  await page.getByRole('button', { name: 'Take away' }).click();
  await ask.getByRole('button', { name: 'Take away' }).click();
  await expect(page.getByText('Chosen nowhere.')).toBeVisible();
});

test("a partner's tariff is read", async ({ page }) => {
  await page.goto('/tariffs/new?tab=import');
  await page.getByLabel('The object Tariff, as JSON').fill('{');
  await page.getByRole('button', { name: 'Try it' }).click();
  await expect(page.getByText('It is no JSON')).toBeVisible();
  await page
    .getByLabel('The object Tariff, as JSON')
    .fill(
      '{"id":"14","currency":"EUR","type":"REGULAR","elements":[{"price_components":[{"type":"ENERGY","price":0.25,"vat":10,"step_size":1}]}]}',
    );
  await page.getByLabel('Name here').fill('Partner');
  await page.getByRole('button', { name: 'Try it' }).click();
  await expect(page.getByText(/EUR\/kWh/)).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Keep as a tariff' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep as a tariff' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Partner' })).toBeVisible();
});

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark', locale: 'sv-SE' });
  test('in Swedish', async ({ page, request }) => {
    test.setTimeout(120_000);
    const list = await (await request.get('/api/v1/tariffs')).json();
    const id = list.items.find((x: { default: boolean }) => x.default).id;
    for (const [path, text] of [['/tariffs', 'Vad förare ser'], ['/tariffs/new', 'Så ser förare priset'], [`/tariffs/${id}`, 'Gäller nu'], [`/tariffs/${id}?tab=calc`, 'Att betala'],
      [`/tariffs/${id}?tab=uses`, 'standardpriset'], [`/tariffs/${id}?tab=new`, 'På svenska']] as const) {
      await page.goto(path);
      await expect(page.getByText(text).first()).toBeVisible();
      await accessible(page);
    } // prettier-ignore
  });
});
