import { accessible, expect, test } from './gnista';

test('payments, what has happened with one, and the screens beside them', async ({ page }) => {
  test.setTimeout(120_000);
  await page.goto('/payments');
  const first = page.getByRole('table', { name: 'Payments' }).getByRole('link').first();
  await expect(first).toBeVisible({ timeout: 60_000 });
  await accessible(page);
  await first.click();
  await expect(page.getByRole('heading', { name: 'What has happened' })).toBeVisible();
  await accessible(page);
  await page.goto('/payments/none');
  await expect(page.getByRole('alert')).toContainText('It is not there');
  await page.goto('/reconciliation');
  await page.getByRole('button', { name: 'Reconcile now' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reconcile now' }).click();
  await expect(page.getByText(/^Last at/)).toBeVisible({ timeout: 30_000 });
  for (const path of ['/checkouts', '/receivables', '/reconciliation?tab=runs']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.emulateMedia({ colorScheme: 'dark' });
    await accessible(page);
  }
});

test('records become an invoice, and the ledger adds up', async ({ page }) => {
  test.setTimeout(120_000);
  await page.goto('/records');
  const record = page.getByRole('table', { name: 'Charge records' }).getByRole('link').first();
  await expect(record).toBeVisible({ timeout: 60_000 });
  await record.click();
  await expect(page.getByRole('heading', { level: 1, name: /^Charge record \d+/ })).toBeVisible();
  await accessible(page);
  await page.goto('/invoices');
  await page.getByRole('button', { name: 'Make invoices' }).click();
  await page.getByRole('button', { name: 'Show first what it comes to' }).click();
  await expect(page.getByText(/^(It comes to|There is nothing)/)).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Make invoices' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await accessible(page);
  await page.goto('/ledger');
  await expect(page.getByText(/The sum is .*0\.00, as it must be/)).toBeVisible();
  await accessible(page);
  await page.goto('/ledger?tab=export');
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Get the SIE file' }).click();
  expect((await file).suggestedFilename()).toMatch(/\.si$/);
});

test('reports of a time', async ({ page }) => {
  test.setTimeout(120_000);
  for (const tab of ['uptime', 'figures', 'revenue', 'exports']) {
    await page.goto(`/reports?tab=${tab}`);
    await expect(page.getByRole('heading', { level: 1, name: 'Reports' })).toBeVisible();
    await expect(page.getByText('Loading …')).toHaveCount(0);
    await accessible(page);
  }
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Get Uptime by EVSE (CSV)' }).click();
  expect((await file).suggestedFilename()).toMatch(/\.csv$/);
});
