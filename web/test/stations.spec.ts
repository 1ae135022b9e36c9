import { accessible, accessibleInBoth, expect, test } from './gnista';
import { stand } from './station';

test.describe.configure({ timeout: 240_000 }); // each screen is looked through by axe, which takes its time

test('stations are found, the address keeps how, and a view is saved', async ({ page }) => {
  await page.goto('/stations');
  await expect(page.getByRole('link', { name: 'DEMO-16-1', exact: true })).toBeVisible();
  await page.getByLabel('Id or name').fill('demo-21');
  await expect(page.getByRole('link', { name: 'DEMO-16-1', exact: true })).toBeHidden();
  await expect(page).toHaveURL(/q=demo-21/);
  await page.getByRole('button', { name: 'Save this view' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Mine');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('link', { name: 'DEMO-16-1', exact: true })).toBeVisible();
  await page.reload();
  await page.getByRole('link', { name: 'Mine' }).click();
  await expect(page).toHaveURL(/q=demo-21/);
  await expect(page.getByRole('link', { name: 'DEMO-21-1', exact: true })).toBeVisible();
  await page.goto('/stations?q=there-is-none');
  await expect(page.getByText('No station matches the filters')).toBeVisible();
  await page.goto('/stations?sort=-id&q=DEMO');
  await expect(page.getByRole('row').nth(1)).toContainText('DEMO-GUEST');
  await accessibleInBoth(page);
});

test('a station tells how it is, and what is done with it is followed', async ({ page }) => {
  await page.goto('/stations/DEMO-16-1');
  await expect(page.getByRole('heading', { name: 'Outlet 1' })).toBeVisible();
  await accessibleInBoth(page);
  const outlet = page.getByRole('article').filter({ has: page.getByRole('heading', { name: 'Outlet 1' }) });
  await outlet.getByRole('button', { name: 'Set the EVSE id …' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'EVSE id' }).fill('SE*ABC');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('dialog').getByText('must be like SE*ABC*E123')).toBeVisible();
  await page.getByRole('dialog').getByRole('textbox', { name: 'EVSE id' }).fill('seabce161');
  await accessible(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(outlet.getByText('EVSE id SE*ABC*E161')).toBeVisible();
  await page.getByRole('button', { name: 'Commands', exact: true }).click();
  await page.getByRole('button', { name: 'Ask for a message …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { name: 'Latest command' })).toBeVisible();
  await expect(page.getByRole('table').getByText('Ask for a message').first()).toBeVisible();
  await page.getByRole('button', { name: 'Hard restart …' }).click();
  const send = page.getByRole('dialog').getByRole('button', { name: 'Send' });
  await expect(send).toBeDisabled();
  await page.getByLabel(/Type DEMO-16-1/).fill('DEMO-16-1');
  await expect(send).toBeEnabled();
  await accessible(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Timeline', exact: true }).click();
  for (const much of ['Status', 'Charging', 'Other']) await page.getByLabel(much, { exact: true }).uncheck();
  await expect(page.getByRole('table').getByText('Ask for a message').first()).toBeVisible();
  await expect(page.getByRole('table').getByText('Connected').first()).toBeVisible();
  await accessibleInBoth(page);
});

test('messages stand with their answers, and a command that makes no sense is told so', async ({ page }) => {
  await page.goto('/stations/DEMO-201-1?tab=messages&action=BootNotification');
  await page.getByRole('button', { name: /BootNotification/ }).first().click(); // prettier-ignore
  await expect(page.getByRole('dialog').getByText('answered after')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Close' }).click();
  await accessibleInBoth(page);
  const { items } = (await (await page.request.get('/api/v1/stations/DEMO-201-1/messages?limit=500')).json()) as {
    items: { id: string }[];
  };
  expect(new Set(items.map((m) => m.id)).size).toBe(items.length); // several come in a millisecond
  await page.goto('/stations/DEMO-GUEST?tab=timeline');
  await expect(page.getByText('A guest pays').first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('table', { name: 'Timeline' })).not.toContainText(/\b[a-z-]+\.[a-z]+ |[0-9a-f]{8}-[0-9a-f]{4}-/); // names and ids of ours
  await page.goto('/stations/DEMO-201-1?tab=commands');
  await page.getByRole('button', { name: 'Send any OCPP message …' }).click();
  await page.getByLabel('Action, as in DataTransfer').fill('Nonsense');
  await page.getByLabel(/Type DEMO-201-1/).fill('DEMO-201-1');
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('alert')).toContainText('Nonsense');
  await page.goto('/stations/none');
  await expect(page.getByRole('alert')).toContainText('It is not there');
});

test('a setting is read, compared, sent, and read back', async ({ page, gnista }) => {
  const pole = await stand(page, gnista.url, 'CONF-1', { HeartbeatInterval: '600', MeterValueSampleInterval: '60' });
  await page.goto('/stations/CONF-1?tab=settings');
  await page.getByRole('button', { name: 'Read all again' }).click();
  const table = page.getByRole('table', { name: 'Settings' });
  const beats = table.getByRole('row', { name: /HeartbeatInterval/ });
  await expect(beats.locator('[data-title=Now]')).toHaveText('600');
  await page.getByLabel('Find a setting').fill('HeartbeatInterval');
  await expect(table.getByText('MeterValueSampleInterval')).toBeHidden();
  await page.getByLabel('New value: HeartbeatInterval').fill('123');
  await page.getByRole('button', { name: /Look over 1 change/ }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('del')).toHaveText('600');
  await expect(dialog.locator('ins')).toHaveText('123');
  expect(await pole.told()).not.toContain('HeartbeatInterval = 123'); // nothing is sent before it was looked at
  await dialog.getByLabel(/Reason/).fill('to try it');
  await dialog.getByRole('button', { name: 'Send to the station' }).click();
  await expect(page.getByRole('heading', { name: 'What the station said' })).toBeVisible();
  await expect(beats.locator('[data-title=Now]')).toHaveText('123');
  const told = await pole.told();
  expect(told).toContain('HeartbeatInterval = 123');
  expect(told.lastIndexOf('GetConfiguration')).toBeGreaterThan(told.indexOf('HeartbeatInterval = 123')); // it was read back
  await accessibleInBoth(page);
  await pole.refuse(['HeartbeatInterval']);
  await page.getByLabel('New value: HeartbeatInterval').fill('5');
  await page.getByRole('button', { name: /Look over 1 change/ }).click();
  await dialog.getByRole('button', { name: 'Send to the station' }).click();
  await expect(page.getByText('the station says no')).toBeVisible();
  await expect(beats.locator('[data-title=Now]')).toHaveText('123');
  await pole.leave();
});

test('every part of a station shows something, also on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const tab of ['firmware', 'check', 'power', 'certificates', 'list', 'quirks', 'security', 'display']) {
    await page.goto('/stations/DEMO-21-1?tab=' + tab);
    await expect(page.locator('main').getByRole('heading', { level: 1 })).toHaveText('DEMO-21-1');
    await expect(page.locator('main :is(table, [role=table], .card, .none):visible').first()).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), tab).toBe(true);
    await accessible(page);
  }
});

test('something is done to all that match, in waves, and followed', async ({ page }) => {
  await page.goto('/stations?q=demo-16');
  await page.getByRole('link', { name: /Do something with all 2/ }).click();
  await expect(page.getByText('2 stations match the filters')).toBeVisible();
  await page.locator('main').getByLabel('Action').selectOption('clear-cache');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByText('Clear the cache of cards, 2 stations')).toBeVisible();
  await accessibleInBoth(page);
  await page.getByRole('button', { name: 'Begin …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Begin' }).click();
  await expect(page).toHaveURL(/\/campaigns\/[0-9a-f-]+$/);
  await expect(page.getByRole('status').getByText('2 of 2 done').first()).toBeVisible({ timeout: 20_000 });
  await accessibleInBoth(page);
  await page.goto('/campaigns');
  await expect(page.getByRole('link', { name: 'Clear the cache of cards' })).toBeVisible();
  await accessible(page);
});

test('a station that refuses stops what was meant for many, and those that failed are tried again', async ({ page, gnista }) => {
  const settings = () => ({ HeartbeatInterval: '600' });
  const poles = [];
  for (const id of ['WAVE-1', 'WAVE-2', 'WAVE-3']) poles.push(await stand(page, gnista.url, id, settings()));
  await poles[0]!.refuse(['HeartbeatInterval']);
  await page.goto('/stations?q=wave-');
  await page.getByRole('link', { name: /Do something with all 3/ }).click();
  await page.locator('main').getByLabel('Action').selectOption('settings');
  await page.getByLabel(/Settings, one a line/).fill('heartbeat-interval = 300');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByText('Write settings, 3 stations')).toBeVisible();
  await page.getByRole('button', { name: 'Begin …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByText('stopped, too many failed')).toBeVisible();
  const row = (id: string) => page.getByRole('table', { name: 'Stations' }).getByRole('row', { name: id });
  await expect(row('WAVE-1')).toContainText('failed');
  for (const id of ['WAVE-2', 'WAVE-3']) await expect(row(id)).toContainText('waiting');
  for (const pole of poles.slice(1)) expect((await pole.told()).filter((x) => x.startsWith('Heartbeat'))).toEqual([]);
  await accessibleInBoth(page);
  await poles[0]!.refuse([]); // somebody has mended it
  await page.getByRole('link', { name: /Try again with 1 that did not succeed/ }).click();
  await expect(page.getByText(/The stations where .* did not succeed: 1/)).toBeVisible();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByRole('button', { name: 'Begin …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Begin' }).click();
  await expect(page.getByRole('status').getByText('1 of 1 done')).toBeVisible();
  expect(await poles[0]!.told()).toContain('HeartbeatInterval = 300');
  for (const pole of poles) await pole.leave();
});

test('the lists beside: templates, firmware, certificates, and the map', async ({ page, request }) => {
  await page.goto('/templates');
  await page.getByRole('button', { name: 'New template …' }).click();
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Beats');
  await page.getByLabel(/Settings, one a line/).fill('heartbeat-interval');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('Line 1');
  await page.getByLabel(/Settings, one a line/).fill('heartbeat-interval = 300');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('table').getByText('Beats')).toBeVisible();
  await accessibleInBoth(page);
  await page.goto('/firmware');
  await page.getByRole('button', { name: 'Add a file …' }).click();
  await page
    .getByLabel('File from the vendor')
    .setInputFiles({ name: 'pole.bin', mimeType: 'application/octet-stream', buffer: Buffer.from('firmware') });
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  await expect(page.getByRole('table').getByText('pole.bin')).toBeVisible();
  await accessibleInBoth(page);
  for (const tab of ['', 'issued', 'roots']) {
    await page.goto('/certificates?tab=' + tab);
    await expect(page.locator('main :is([role=table], .card, .notice)').first()).toBeVisible();
    await accessible(page);
  }
  const site = await (
    await request.post('/api/v1/sites', { data: { name: 'The harbour', position: { latitude: 57.7, longitude: 11.97 } } })
  ).json();
  await request.patch('/api/v1/stations/DEMO-16-1', { data: { site: site.id } });
  const outside: string[] = [];
  page.on('request', (r) => !/^(http:\/\/127\.0\.0\.1|blob:|data:)/.test(r.url()) && outside.push(r.url()));
  await page.goto('/map');
  await expect(page.getByRole('table').getByText('The harbour')).toBeVisible();
  await expect(page.getByRole('button', { name: /The harbour: 1 station,/ })).toBeVisible();
  await accessibleInBoth(page);
  expect(outside).toEqual([]);
});

test('the first rows are asked for before the screen is fetched, and once', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (r) => asked.push(new URL(r.url()).pathname + new URL(r.url()).search));
  await page.goto('/stations?connected=true');
  await expect(page.getByRole('link', { name: 'DEMO-GUEST' })).toBeVisible({ timeout: 30_000 });
  const rows = asked.filter((a) => a.startsWith('/api/v1/stations?') && a.includes('limit=70'));
  expect(rows).toHaveLength(1);
  expect(rows[0]).toContain('connected=true');
  expect(asked.indexOf(rows[0]!)).toBeLessThan(asked.findIndex((a) => a.startsWith('/built/List-')));
});
