// Makes pictures of every screen, in test-results/shots: npm run shots -- -g "light en-GB desktop"
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from './gnista';

const out = process.env.SHOTS ?? new URL('../test-results/shots', import.meta.url).pathname;
const screens = (
  process.env.SCREENS ??
  '/,/faults,/stations,/map,/campaigns,/sites,/transactions,/review,/customers,/tariffs,/payments,/invoices,/reports,/users,/audit,/settings'
).split(',');

for (const scheme of ['light', 'dark'] as const) {
  for (const locale of ['sv-SE', 'en-GB']) {
    for (const [size, viewport] of Object.entries({ desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } })) {
      test.describe(`${scheme} ${locale} ${size}`, () => {
        test.use({ colorScheme: scheme, locale, viewport });
        for (const screen of screens) {
          test(screen, async ({ page }) => {
            await page.goto(screen);
            await page.waitForTimeout(1500);
            mkdirSync(out, { recursive: true });
            const name = `${screen.replaceAll('/', '-').replace(/^-$/, '-overview').slice(1)}-${size}-${scheme}-${locale.slice(0, 2)}.png`;
            await page.screenshot({ path: join(out, name), fullPage: true });
          });
        }
      });
    }
  }
}
