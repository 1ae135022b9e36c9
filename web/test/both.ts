// What every page of drivers is held to in light and in dark, where the colours are all that differs.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { accessible, expect } from './gnista';

export async function both(page: Page) {
  await page.emulateMedia({ colorScheme: 'light' });
  await accessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const found = await new AxeBuilder({ page }).withRules(['color-contrast']).analyze();
  expect(found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}`))).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light' });
}
