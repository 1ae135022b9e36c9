import { accessible, expect, test } from './gnista';
import { speak } from './station';

test('a company becomes a customer with an account and a card, and is erased', async ({ page }) => {
  await page.goto('/customers');
  await expect(page.getByRole('link', { name: 'Astrid Demo' })).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'New customer' }).click();
  const ask = page.getByRole('dialog');
  await ask.getByLabel('Kind').selectOption('company');
  await ask.getByLabel('Name', { exact: true }).fill('Åkeriet AB');
  await ask.getByLabel('Registration number').fill('5560360794');
  await ask.getByRole('button', { name: 'Save' }).click();
  await expect(ask.getByLabel('Registration number')).toHaveAttribute('aria-invalid', 'true');
  await accessible(page);
  await ask.getByLabel('Registration number').fill('5560360793');
  await ask.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Åkeriet AB' })).toBeVisible();

  await page.getByRole('button', { name: 'New account' }).click();
  await ask.getByLabel('Name').fill('Bilarna');
  await ask.getByLabel('How it is paid').selectOption('prepaid');
  await ask.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('link', { name: 'Bilarna' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Bilarna' })).toBeVisible();
  await page.getByRole('button', { name: 'Top up' }).click();
  await ask.getByLabel('Amount').fill('nothing');
  await ask.getByLabel("Reference of the bank's statement").fill('BG 1');
  await ask.getByRole('button', { name: 'Top up' }).click();
  await expect(ask.getByLabel('Amount')).toHaveAttribute('aria-invalid', 'true');
  await ask.getByLabel('Amount').fill('250,50');
  await ask.getByRole('button', { name: 'Top up' }).click();
  await expect(page.getByText(/SEK.250\.50/).first()).toBeVisible();
  await page.getByRole('button', { name: 'New card' }).click();
  await ask.getByLabel('Number (UID)').fill('04:AA:BB:01');
  await ask.getByLabel('Name', { exact: true }).fill('Bil 1');
  await ask.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: '04:AA:BB:01' })).toBeVisible();
  await accessible(page);

  await page.getByRole('link', { name: '‹ Åkeriet AB' }).click();
  await page.getByRole('button', { name: 'Erase the data' }).click();
  const erase = ask.getByRole('button', { name: 'Erase the data' });
  await expect(erase).toBeDisabled();
  await ask.getByLabel(/^Type/).fill('Åkeriet AB');
  await erase.click();
  await expect(page.getByText('The data were erased on')).toBeVisible();
});

test('a card is found, blocked, and let go', async ({ page }) => {
  await page.goto('/cards');
  await page.getByLabel('Number of the card').fill('no such card');
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByText('No card has the number')).toBeVisible();
  await accessible(page);
  await page.getByLabel('Number of the card').fill('04:de:5a:00:00:d4:04');
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Taxi 17 (demo)' })).toBeVisible();
  await page.getByRole('button', { name: 'Block', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Why, as the card shows it').fill('lost');
  await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await expect(page.getByText('The card is blocked: lost')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Unblock' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unblock' }).click();
  await expect(page.getByText('The card is blocked')).toHaveCount(0);
});

test('a table of cards is tried line by line before it is taken', async ({ page }) => {
  await page.goto('/cards');
  await page.getByRole('button', { name: 'Import CSV' }).click();
  const ask = page.getByRole('dialog');
  const file = (text: string) => ({ name: 'cards.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  await ask.getByLabel('File').setInputFiles(file('uid,name,expiresAt\n04CAFE01,One,\n04CAFE02,Two,never\n'));
  await expect(ask.getByText(/^1 new, 0 changed, 0 as in the file already, 1 wrong/)).toBeVisible();
  await expect(ask.getByText(/^Wrong in expiresAt/)).toBeVisible();
  await expect(ask.getByRole('button', { name: 'Import' })).toBeDisabled();
  await accessible(page);
  await ask.getByLabel('Pass over the lines that are wrong').check();
  await ask.getByRole('button', { name: 'Import' }).click();
  await expect(ask).toBeHidden();
  await page.getByLabel('Name or group').fill('One');
  await page.getByLabel('Name or group').blur();
  await expect(page.getByRole('link', { name: '04CAFE01' })).toBeVisible();
  await expect(page.getByRole('link', { name: '04CAFE02' })).toHaveCount(0);
});

test('an unknown card is claimed for a customer', async ({ page, gnista }) => {
  await page.goto('/unknown-cards');
  await page.request.put(`${gnista.url}/api/v1/stations/ASKS`, { data: { state: 'accepted' } });
  await speak(page, gnista.url, 'ASKS', [['BootNotification', { chargePointVendor: 'T', chargePointModel: 'T' }], ['Authorize', { idTag: '04F00D01' }]]); // prettier-ignore
  const row = page.getByRole('row').filter({ hasText: '04F00D01' });
  await expect(row).toBeVisible();
  await accessible(page);
  await row.getByRole('button', { name: 'Claim for a customer' }).click();
  const ask = page.getByRole('dialog');
  // What is typed and is nobody's name is no account, and nothing is saved with it.
  await ask.getByLabel('Account that pays').fill('nobody at all');
  await ask.getByRole('button', { name: 'Save' }).click();
  await expect(ask.getByText('Nothing fits')).toBeVisible();
  await accessible(page);
  await ask.getByLabel('Account that pays').fill('bo demo');
  const bo = ask.locator('datalist option', { hasText: '' }).first();
  await expect(bo).toHaveAttribute('value', /^Bo Demo · /);
  await ask.getByLabel('Account that pays').fill((await bo.getAttribute('value'))!);
  await ask.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('link', { name: 'Show the card' }).click();
  await expect(page.getByRole('link', { name: /Account: Bo Demo/ })).toBeVisible();
});

test('a group is made', async ({ page }) => {
  await page.goto('/groups');
  await page.getByRole('button', { name: 'New group' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Fleet');
  await page.getByRole('dialog').getByLabel('Cards of the group may charge').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Fleet' }).getByText('may charge')).toBeVisible();
  await accessible(page);
});

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark', locale: 'sv-SE' });
  test('in Swedish', async ({ page, request }) => {
    test.setTimeout(120_000);
    const customers = await (await request.get('/api/v1/customers?find=astrid')).json();
    const accounts = await (await request.get('/api/v1/accounts?customer=' + customers.items[0].id)).json();
    for (const path of ['/customers', '/cards', '/unknown-cards', '/groups', '/customers/' + customers.items[0].id, '/accounts/' + accounts.items[0].id, '/cards/04DE5A0000A101']) {
      await page.goto(path);
      await expect(page.getByText('Spara som CSV').or(page.getByText(/^Inga /)).first()).toBeVisible();
      await accessible(page);
    } // prettier-ignore
  });
});
