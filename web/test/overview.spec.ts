import { accessible, accessibleInBoth, expect, start, test } from './gnista';

test('the overview tells what was checked and how it goes', async ({ page, request }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: /Needs you now|Nothing needs you now/ })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What was checked' })).toBeVisible();
  await expect(page.getByText('is checked …')).toHaveCount(0);
  for (const name of ['Right now', 'How drivers fare', 'Revenue', 'Uptime, 7 days']) {
    await expect(page.getByRole('heading', { name })).toBeVisible();
  }
  const { stations } = (await (await request.get('/api/v1/station-count')).json()) as { stations: number };
  await expect(page.getByText(`of ${stations}`, { exact: true })).toBeVisible();
  await accessibleInBoth(page);
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
