// Makes pictures of every screen, in test-results/shots: npm run shots -- -g "light en-GB desktop"
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from './gnista';

const out = process.env.SHOTS ?? new URL('../test-results/shots', import.meta.url).pathname;

// A path with {of} is that of the first of what the API lists there.
const every = `/ /faults /faults?tab=faults /faults/{faults} /incidents/{incidents} /catalogue /remedies /alerts
/stations /stations/DEMO-GUEST /stations/DEMO-GUEST?tab=timeline /stations/DEMO-GUEST?tab=messages /stations/DEMO-GUEST?tab=settings /map /campaigns /campaigns/new /templates /firmware /certificates
/sites /sites/{sites} /transactions /transactions/{transactions} /review /reservations /customers /customers/{customers} /accounts/{accounts} /cards /unknown-cards /groups
/tariffs /tariffs/new /tariffs/{tariffs} /payments /payments/{payments} /reconciliation /checkouts /records /records/{charge-records} /invoices /invoices/{invoices} /ledger /receivables
/reports?tab=figures /reports?tab=uptime /users /audit /me /settings /start /e/{codes} /find /my`;
const screens = process.env.SCREENS?.split(',') ?? every.split(/\s+/);

for (const scheme of ['light', 'dark'] as const) {
  for (const locale of ['sv-SE', 'en-GB']) {
    for (const [size, viewport] of Object.entries({ desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } })) {
      test.describe(`${scheme} ${locale} ${size}`, () => {
        test.use({ colorScheme: scheme, locale, viewport });
        for (const screen of screens) {
          test(screen, async ({ page }) => {
            const of = /\{(.*)\}/.exec(screen)?.[1];
            let at = screen;
            if (of === 'codes') {
              const { code } = (await (await page.request.get('/api/v1/stations/DEMO-GUEST/evses/1/code')).json()) as { code: string };
              at = '/e/' + code;
            } else if (of) {
              const { items } = (await (await page.request.get('/api/v1/' + of)).json()) as { items?: { id: string }[] };
              test.skip(!items?.length, 'there is none yet');
              at = screen.replace(`{${of}}`, items![0]!.id);
            }
            await page.goto(at);
            await page.waitForTimeout(1500); // for what is drawn when it has come
            mkdirSync(out, { recursive: true });
            const name = screen.replace('/', '').replaceAll(/[^\w]+/g, '-').replace(/-$/, '') || 'overview'; // prettier-ignore
            await page.screenshot({ path: join(out, `${name}-${size}-${scheme}-${locale.slice(0, 2)}.png`), fullPage: true });
          });
        }
      });
    }
  }
}
