import { accessible, expect, test } from './gnista';

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

test('an address that leads nowhere says so', async ({ page }) => {
  await page.goto('/nowhere/at/all');
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
});

test('what is not there is 404', async ({ request }) => {
  for (const path of ['/built/none.js', '/built/../index.html', '/built/%2e%2e/web.go', '/favicon.ico', '/assets/none.css']) {
    expect((await request.get(path)).status(), path).toBe(404);
  }
});
