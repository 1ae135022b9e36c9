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

test('payments of an account are found by the name of who has it', async ({ page, request }) => {
  await page.goto('/payments');
  await expect(page.getByRole('table', { name: 'Payments' }).getByRole('link').first()).toBeVisible({ timeout: 60_000 });
  const one = (await (await request.get('/api/v1/accounts?find=bo%20demo')).json()).items[0];
  expect(one.holder).toBe('Bo Demo');
  const field = page.getByRole('combobox', { name: 'Account' });
  await field.fill('nobody at all');
  await field.blur();
  await expect(page.getByText('Nothing fits')).toBeVisible();
  await field.fill('bo d');
  const choice = page.locator('datalist option').first();
  await expect(choice).toHaveAttribute('value', /^Bo Demo · /);
  await field.fill((await choice.getAttribute('value'))!);
  await expect(page).toHaveURL(new RegExp(`account=${one.id}`));
  await expect(page.getByText('Nothing fits')).toBeHidden();
  // The address has the id, and whoever it is sent to sees the name.
  await page.goto('/records?account=' + one.id);
  await expect(field).toHaveValue(/^Bo Demo · /);
  await accessible(page);
  await page.goto('/invoices');
  await page.getByRole('button', { name: 'Make invoices' }).click();
  const ask = page.getByRole('dialog');
  await ask.getByLabel(/^Only the account/).fill('nobody at all');
  await ask.getByRole('button', { name: 'Make invoices' }).click();
  await expect(ask.getByText('Nothing fits')).toBeVisible(); // not of all accounts
  await expect(ask).toBeVisible();
});

test('a part of a payment is given back, and no more than was paid', async ({ page, request }) => {
  let id = '';
  await expect
    .poll(
      async () => {
        const list = await (await request.get('/api/v1/payments?state=settled&limit=200')).json();
        id =
          list.items.find((p: { provider: string; paid: { amount: number } }) => p.provider === 'wallet' && p.paid.amount > 200)?.id ?? '';
        return id;
      },
      { timeout: 60_000 },
    ) // prettier-ignore
    .not.toBe('');
  await page.goto('/payments/' + id);
  await page.getByRole('button', { name: 'Give back' }).click();
  const ask = page.getByRole('dialog');
  await ask.getByLabel(/^Reason/).fill('the coffee was cold');
  await ask.getByLabel(/^Amount/).fill('100000');
  await expect(ask.getByRole('button', { name: 'Give back' })).toBeDisabled();
  await ask.getByLabel(/^Amount/).fill('1.50');
  await ask.getByRole('button', { name: 'Give back' }).click();
  await expect(ask).toBeHidden();
  await expect(page.getByText(/gave back SEK.1\.50: the coffee was cold/)).toBeVisible();
  await expect(page.getByText('Given back by a person')).toBeVisible();
  await page.goto('/audit?action=refund-payment');
  await expect(page.getByRole('cell', { name: 'Refunded a payment' }).first()).toBeVisible();
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
  await page.getByRole('button', { name: 'Change the numbers' }).click();
  await page.getByRole('textbox', { name: 'Number of Bank' }).fill('x');
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Save' })).toBeDisabled();
  await page.getByRole('textbox', { name: 'Number of Bank' }).fill('1930');
  await page.getByRole('textbox', { name: 'Name of Bank' }).fill('Bankkonto');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('cell', { name: 'Bankkonto' })).toBeVisible();
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
