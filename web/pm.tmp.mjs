import { chromium } from '@playwright/test';
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const [scheme, w, h] of [['light', 1360, 900], ['dark', 390, 844]]) {
  const c = await b.newContext({ colorScheme: scheme, viewport: { width: w, height: h }, locale: 'sv-SE' });
  const p = await c.newPage();
  p.on('console', (m) => ['error', 'warning'].includes(m.type()) && console.log(m.type(), m.text().slice(0, 300)));
  p.on('requestfailed', (r) => console.log('failed', r.url(), r.failure()?.errorText));
  p.on('response', (r) => r.status() >= 400 && console.log(r.status(), r.url()));
  const t = Date.now();
  await p.goto('http://127.0.0.1:8096/map');
  await p.waitForSelector('.maplibregl-canvas'); console.log('canvas', Date.now() - t);
  await p.waitForTimeout(8000);
  await p.screenshot({ path: `/tmp/pics-sheets/map-${scheme}-a.png` });
  for (let i = 0; i < 3; i++) { await p.locator('.maplibregl-ctrl-zoom-in').click(); await p.waitForTimeout(1500); }
  await p.waitForTimeout(4000);
  await p.screenshot({ path: `/tmp/pics-sheets/map-${scheme}-b.png` });
  await c.close();
}
await b.close();
