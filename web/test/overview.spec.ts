import { accessible, expect, start, test } from './gnista';

test('the overview tells what was checked and how it goes', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: /Needs you now|Nothing needs you now/ })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What was checked' })).toBeVisible();
  await expect(page.getByText('is checked …')).toHaveCount(0);
  for (const name of ['Right now', 'How drivers fare', 'Revenue', 'Uptime, 7 days']) {
    await expect(page.getByRole('heading', { name })).toBeVisible();
  }
  await expect(page.getByText('of 7', { exact: true })).toBeVisible(); // stations of the demonstration
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await accessible(page);
  }
});

test('what needs somebody is taken on from there', async ({ page }) => {
  await page.goto('/');
  const first = page.getByRole('button', { name: /^Acknowledge / }).first();
  await expect(first).toBeVisible({ timeout: 50_000 }); // the demonstration has a fault before long
  const name = (await first.getAttribute('aria-label'))!;
  const before = await page.getByRole('button', { name, exact: true }).count();
  await first.click();
  await expect(page.getByText(/that somebody looks after already/)).toBeVisible();
  expect(await page.getByRole('button', { name, exact: true }).count()).toBeLessThanOrEqual(before);
});

test('without any station it leads to the first one', async ({ page }) => {
  const g = await start();
  try {
    await page.goto(g.url + '/');
    await expect(page.getByRole('link', { name: 'Begin' })).toHaveAttribute('href', '/start');
    await accessible(page);
  } finally {
    await page.close();
    await g.stop();
  }
});
