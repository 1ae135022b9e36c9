import { accessible, expect, test } from './gnista';

test('a site is made, given limits, and shows how its power is shared and why', async ({ page }) => {
  test.setTimeout(120_000);
  await page.goto('/sites');
  await page.getByRole('button', { name: 'New site' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Umeå Central');
  await page.getByRole('button', { name: 'Create the site' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Umeå Central' })).toBeVisible();
  await expect(page.getByText('The site has no limits, so its power is not shared')).toBeVisible();

  await page.getByRole('navigation', { name: 'About the site' }).getByRole('button', { name: 'Stations' }).click();
  await page.getByRole('button', { name: 'Add a station' }).click();
  await page.getByLabel('Id of the station').fill('NO-SUCH');
  await page.getByRole('dialog').getByRole('button', { name: 'Add a station' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('NO-SUCH');
  await page.getByLabel('Id of the station').fill('DEMO-16-1');
  await page.getByRole('dialog').getByRole('button', { name: 'Add a station' }).click();
  await expect(page.getByRole('link', { name: 'DEMO-16-1' })).toBeVisible();

  await page.getByRole('navigation', { name: 'About the site' }).getByRole('button', { name: 'Limits' }).click();
  await page.getByLabel('Fuse (A)').fill('5');
  await page.getByRole('button', { name: 'Add all 2 EVSEs that are missing' }).click();
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByRole('alert').first()).toBeVisible(); // a minimum that the limit never allows
  await page.getByLabel('Fuse (A)').fill('63');
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByText('The limits can be used.')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Save the limits' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save the limits' }).click();
  await expect(page.getByText('Saved. The limits hold now.')).toBeVisible();

  await page.getByRole('navigation', { name: 'About the site' }).getByRole('button', { name: 'Power now' }).click();
  await expect(page.getByText('Watching only')).toBeVisible();
  await expect(page.getByText(/A \/ 59.9 A|A \/ 60 A|A \/ 59.8 A/).first()).toBeVisible();
  await expect(page.getByText(/You get|No car is charging here/).first()).toBeVisible();
  await page.getByRole('button', { name: 'Change mode' }).click();
  await page.getByLabel('Control the stations').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Change mode' }).click();
  await expect(page.getByText('Controlled')).toBeVisible();
  await accessible(page);
  await page.goto('/sites');
  await expect(page.getByRole('link', { name: 'Umeå Central' })).toBeVisible();
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page);
});
