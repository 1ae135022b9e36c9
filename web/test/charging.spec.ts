import { readFileSync } from 'node:fs';
import { accessible, expect, test } from './gnista';
import { doubtful } from './station';

test('charges are listed as they go on, filtered by the address, and opened', async ({ page }) => {
  await page.goto('/transactions');
  const table = page.getByRole('table', { name: 'Charging' });
  await expect(table.getByText('Charging', { exact: true }).first()).toBeVisible();
  await expect(table.getByText(/\d kW$/).first()).toBeVisible();
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  const csv = readFileSync(await (await file).path(), 'utf8').split('\n');
  expect(csv[0]).toContain('Start');
  expect(csv[0]).toContain('Cost');
  expect(csv[1]).toContain('DEMO-');
  await page.getByLabel('State', { exact: true }).selectOption('active');
  await expect(page).toHaveURL(/state=active/);
  await expect(table.getByText('Ended', { exact: true })).toHaveCount(0);
  await page.getByLabel('Station', { exact: true }).fill('no such station');
  await page.keyboard.press('Enter');
  await page.getByLabel('Station', { exact: true }).blur();
  await expect(page.getByText('No charge fits the filters')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page).toHaveURL(/\/transactions$/);
  await accessible(page);
});

test('a charge explains itself, and can be stopped', async ({ page, request }) => {
  let id = '';
  await expect
    .poll(
      async () => {
        const list = await (await request.get('/api/v1/transactions?state=active&station=DEMO-21-1')).json();
        id = list.items.find((x: { energyWh: number }) => x.energyWh > 0)?.id ?? '';
        return id;
      },
      { timeout: 30_000 },
    ) // prettier-ignore
    .not.toBe('');
  await page.goto('/transactions/' + id);
  await expect(page.getByRole('heading', { level: 1, name: /DEMO-21-1, outlet/ })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What it costs, line by line' })).toBeVisible();
  await expect(page.getByRole('cell', { name: 'Start fee' })).toBeVisible();
  await expect(page.getByText('Your car is charging.').or(page.getByText('Charging is done'))).toBeVisible();
  await accessible(page);
  const stop = page.getByRole('button', { name: 'Stop the charge' });
  if (await stop.isVisible()) {
    await stop.click();
    await page
      .getByRole('dialog')
      .getByLabel(/^Reason/)
      .fill('a test');
    await page.getByRole('dialog').getByRole('button', { name: 'Stop the charge' }).click();
  }
  await expect(page.getByText('Ended', { exact: true }).first()).toBeVisible({ timeout: 30_000 });
});

test('one that is not there says so', async ({ page }) => {
  await page.goto('/transactions/none');
  await expect(page.getByText('It is not there, or not any more.')).toBeVisible();
});

test('what is doubtful is decided with one key each', async ({ page, gnista }) => {
  await page.goto('/review');
  await doubtful(page, gnista.url, 'DOUBT', [1, 2, 3]);
  await page.goto('/review?station=DOUBT');
  await expect(page.getByText('The meter went backwards').first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Speaks against' })).toBeVisible();
  await expect(page.getByRole('heading', { name: /DOUBT, outlet 3/ })).toBeVisible();
  // The meter at the end shows less than at the start: that is no energy that could be billed.
  await expect(page.getByRole('button', { name: /the station's word/ })).toHaveCount(0);
  await accessible(page);
  await page.keyboard.press('s');
  await expect(page.getByRole('heading', { name: /DOUBT, outlet 2/ })).toBeVisible();
  await page.getByLabel('Energy to bill').fill('many');
  await page.getByRole('button', { name: 'Bill another energy' }).click();
  await expect(page.getByText('Write the energy in kWh')).toBeVisible();
  await page.getByLabel('Why (kept with the decision)').fill('the meter was changed');
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('n');
  await expect(page.getByText('Decided: Do not bill.')).toBeVisible();
  await expect(page.getByRole('heading', { name: /DOUBT, outlet 1/ })).toBeVisible();
  await expect(page.getByRole('button', { name: /^Bill \d/ })).toBeEnabled(); // it has been read
  await page.keyboard.press('b');
  await expect(page.getByText(/Decided: Bill \d/)).toBeVisible();
  await expect(page.getByRole('heading', { name: /DOUBT, outlet 3/ })).toBeVisible();
  await page.getByRole('link', { name: 'Show the charge' }).click();
  await expect(page.getByRole('heading', { name: 'Waits for a decision' })).toBeVisible();
  await expect(page.getByText('Nothing is billed before somebody decides.')).toBeVisible();
});

test('an outlet is reserved, and the reservation given up', async ({ page }) => {
  await page.goto('/reservations');
  await expect(page.getByText('No reservations.')).toBeVisible();
  await page.getByRole('button', { name: 'Reserve an outlet' }).click();
  const ask = page.getByRole('dialog');
  await ask.getByLabel('Station', { exact: true }).fill('NOWHERE');
  await ask.getByLabel('Number of the card').fill('04DE5A0000A101');
  await ask.getByRole('button', { name: 'Reserve' }).click();
  await expect(ask.getByRole('alert')).toBeVisible();
  await ask.getByLabel('Station', { exact: true }).fill('DEMO-201-1');
  await ask.getByLabel('Outlet', { exact: true }).fill('');
  await ask.getByRole('button', { name: 'Reserve' }).click();
  await expect(ask).toBeHidden();
  const row = page.getByRole('row').filter({ hasText: 'DEMO-201-1' });
  await expect(row).toBeVisible();
  await accessible(page);
  const cancel = row.getByRole('button', { name: 'Cancel' });
  if (await cancel.isVisible()) {
    await cancel.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).last().click();
    await expect(row.getByText(/Cancelled|Used|Given up/)).toBeVisible();
  }
});

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark', locale: 'sv-SE' });
  test('in Swedish', async ({ page, request }) => {
    for (const [path, heading] of [['/transactions', 'Laddningar'], ['/review', 'Att granska'], ['/reservations', 'Bokningar']] as const) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
      await expect(page.getByText('Hämtar …')).toHaveCount(0);
      await accessible(page);
    } // prettier-ignore
    const list = await (await request.get('/api/v1/transactions?state=ended&limit=1')).json();
    await page.goto('/transactions/' + list.items[0].id);
    await expect(page.getByRole('heading', { name: 'Vad det kostar, rad för rad' })).toBeVisible();
    await accessible(page);
  });
});
