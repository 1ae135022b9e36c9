import { spawn, type ChildProcess } from 'node:child_process';
import { accessible, expect, start, test, type Gnista } from './gnista';
import type { Page } from '@playwright/test';

const binary = process.env.GNISTA ?? new URL('../../bin/gnista', import.meta.url).pathname;
const password = 'correct horse battery';

/** A system of its own with an administrator, under the name that passkeys work under. */
async function peopled(): Promise<Gnista & { local: string }> {
  const g = await start();
  const body = JSON.stringify({ email: 'astrid@example.com', name: 'Astrid', grants: [{ role: 'admin' }], password });
  const made = await fetch(g.url + '/api/v1/users', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  expect(made.status).toBe(201);
  return { ...g, local: g.url.replace('127.0.0.1', 'localhost') };
}

async function signIn(page: Page, to: string, email = 'astrid@example.com', secret = password) {
  await page.goto(to);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(secret);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function both(page: Page) {
  await accessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page);
  await page.emulateMedia({ colorScheme: 'light' });
}

test('users: the first one, others with roles at sites, and what becomes of them', async ({ page }) => {
  test.setTimeout(120_000);
  const g = await start();
  try {
    await page.goto(g.url + '/users');
    await expect(page.getByText('There is no user yet.')).toBeVisible();
    await page.getByRole('button', { name: 'Add a user' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Astrid');
    await dialog.getByLabel('E-mail').fill('astrid@example.com');
    await dialog.getByLabel(/^Password/).fill(password);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(page).toHaveURL(/\/sign-in\?to=/);
    await signIn(page, g.url + '/users');
    await expect(page.getByRole('cell', { name: 'astrid@example.com' })).toBeVisible();
    const site = await page.evaluate(async () => {
      const made = await fetch('/api/v1/sites', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"name":"Hamnen"}',
      });
      return made.status;
    });
    expect(site).toBe(201);
    await page.reload();
    await page.getByRole('button', { name: 'Add a user' }).click();
    await dialog.getByLabel('Name').fill('Tor');
    await dialog.getByLabel('E-mail').fill('astrid@example.com');
    await dialog.getByLabel(/^Password/).fill(password);
    await dialog.getByRole('checkbox', { name: /^Technician/ }).check();
    await dialog.getByLabel('Technician: where').selectOption('some');
    await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled();
    await dialog.getByRole('checkbox', { name: 'Hamnen' }).check();
    await accessible(page);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog.getByRole('alert')).toContainText('another user has the address');
    await dialog.getByLabel('E-mail').fill('tor@example.com');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('cell', { name: 'Technician (Hamnen)' })).toBeVisible();
    await both(page);
    await page.getByRole('button', { name: 'New password: Tor' }).click();
    await dialog.getByRole('button', { name: 'Make one up' }).click();
    const secret = await dialog.getByLabel(/^Password/).inputValue();
    await dialog.getByRole('button', { name: 'New password' }).click();
    await expect(dialog).toBeHidden();
    // Who may see one site works with what is there.
    const other = await page.context().browser()!.newPage();
    await signIn(other, g.url + '/me', 'tor@example.com', secret);
    await expect(other.getByRole('heading', { name: 'Your account' })).toBeVisible();
    await expect(other.getByText('changes (at 1 site)').first()).toBeVisible();
    await page.getByRole('button', { name: 'Disable: Tor' }).click();
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await expect(page.getByText('Disabled')).toBeVisible();
    await other.reload();
    await expect(other).toHaveURL(/\/sign-in/);
    await other.close();
    await page.getByRole('button', { name: 'Remove: Tor' }).click();
    await expect(dialog.getByRole('button', { name: 'Remove' })).toBeDisabled();
    await dialog.getByLabel(/^Type/).fill('tor@example.com');
    await dialog.getByLabel(/^Reason/).fill('has left');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await expect(page.getByRole('cell', { name: 'tor@example.com' })).toBeHidden();
    // On a phone what a role may do is a list, and nothing has to be moved sideways.
    const size = page.viewportSize()!;
    await page.setViewportSize({ width: 390, height: 844 });
    const finance = page.getByRole('heading', { level: 3, name: 'Finance' });
    await expect(finance).toBeVisible();
    await expect(page.getByText('Charging, Customers and cards, Tariffs, Money', { exact: true })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await accessible(page);
    await page.setViewportSize(size);
    // And the trail has it.
    await page.goto(g.url + '/audit?action=delete-user');
    await expect(page.getByText('has left')).toBeVisible();
    await both(page);
    await page.getByRole('table').getByRole('link').first().click();
    await expect(page.getByRole('heading', { name: /^Line \d/ })).toBeVisible();
    await page.getByRole('button', { name: 'Check the whole trail' }).click();
    await expect(page.getByText(/lines are as they were written/)).toBeVisible();
    await page.getByRole('combobox', { name: 'Action' }).selectOption('Claimed an unknown card');
    await expect(page).toHaveURL(/action=claim-unknown-token/);
    await expect(page.getByText('No change fits the filters.')).toBeVisible();
  } finally {
    await g.stop();
  }
});

test('passkeys: added, used without typing, and not taken when copied', async ({ page }) => {
  test.setTimeout(120_000);
  const g = await peopled();
  try {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    // Under a number there are none, and the page says where there are.
    await page.goto(g.url + '/sign-in');
    await expect(page.getByRole('link', { name: 'Sign in with a passkey' })).toHaveAttribute('href', new RegExp(g.local));
    await signIn(page, g.local + '/me');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel(/^Name, by which/).fill('My phone');
    await page.getByRole('button', { name: 'Go on with the device' }).click();
    await expect(page.getByText('My phone')).toBeVisible();
    await both(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await accessible(page);
    await page.goto(g.local + '/users');
    const sent = page.waitForRequest((r) => r.url().endsWith('/sign-in/passkey'));
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page).toHaveURL(g.local + '/users');
    // What the device has answered is good once, and only for the browser that was asked.
    const again = await page.request.post(g.local + '/sign-in/passkey', {
      headers: { 'Content-Type': 'application/json' },
      data: (await sent).postData()!,
    });
    expect(again.status()).toBe(401);
    await page.goto(g.local + '/me');
    await expect(page.getByText(/^Since .* with a passkey/)).toBeVisible();
    await page.getByRole('button', { name: 'Rename: My phone' }).click();
    await page.getByLabel(/^Name, by which/).fill('Old phone');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Old phone')).toBeVisible();
    // Nobody is let in who does not show who they are to the device.
    await page.getByRole('button', { name: 'Sign out' }).click();
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page.getByText('Nothing was chosen.')).toBeVisible();
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    // A copy has counted less.
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
    await cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId: credentials[0]!.credentialId });
    await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credentials[0]!, signCount: 0 } });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page.getByText('There seems to be a copy of that passkey')).toBeVisible();
    await signIn(page, g.local + '/me');
    await expect(page.getByText('Copied: not taken')).toBeVisible();
    await page.getByRole('button', { name: 'Remove: Old phone' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await expect(page.getByText('You have no passkey.')).toBeVisible();
    await page
      .getByRole('button', { name: /^End this one: / })
      .first()
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'End this one' }).click();
    await expect(page).toHaveURL(/\/sign-in/);
  } finally {
    await g.stop();
  }
});

test('signing in works without scripts', async ({ browser }) => {
  const g = await peopled();
  const context = await browser.newContext({ javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    await page.goto(g.url + '/sign-in?to=//elsewhere.example');
    await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeHidden();
    await signIn(page, g.url + '/sign-in?to=/settings', 'astrid@example.com', 'wrong');
    await expect(page.getByRole('alert')).toContainText('do not belong together');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page).toHaveURL(g.url + '/settings');
  } finally {
    await context.close();
    await g.stop();
  }
});

test('what the server is set to', async ({ page }) => {
  await page.goto('/settings');
  await expect(page.getByText('This is the demonstration')).toBeVisible();
  const services = page.getByRole('listitem').filter({ has: page.getByRole('heading', { level: 3 }) });
  await expect(services.filter({ hasText: 'Mail' }).getByText('Off', { exact: true })).toBeVisible();
  await expect(services.filter({ hasText: 'Passkeys' }).getByText('In part', { exact: true })).toBeVisible();
  await expect(services.filter({ hasText: 'OpenID Connect' }).getByText('--oidc-issuer')).toBeVisible();
  await page.getByRole('searchbox').fill('unknown-stations');
  await expect(page.getByRole('rowheader', { name: 'unknown-stations' })).toBeVisible();
  await expect(page).toHaveURL(/q=unknown-stations/);
  await page.getByRole('searchbox').fill('nothing like it');
  await expect(page.getByText('No setting fits.')).toBeVisible();
  await both(page);
});

test('the first station, with a wrong password and the right one', async ({ page }) => {
  test.setTimeout(120_000);
  const g = await start();
  const stations: ChildProcess[] = [];
  const connect = (secret: string) => {
    const at = g.url.replace('http', 'ws') + '/ocpp';
    stations.push(
      spawn(binary, ['sim', '--url', at, '--stations', '1', '--version', '1.6', '--id-prefix', 'HAMN-000', '--password', secret]),
    );
  };
  try {
    await page.goto(g.url + '/start');
    await page.getByRole('textbox', { name: /^Identity/ }).fill('HAMN-0001');
    const secret = await page.getByRole('textbox', { name: /^Password/ }).inputValue();
    await accessible(page);
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByText(g.url.replace('http', 'ws') + '/ocpp/HAMN-0001')).toBeVisible();
    await expect(page.getByRole('img', { name: 'QR code of the address' })).toBeVisible();
    await expect(page.getByText('Nothing was heard of HAMN-0001 yet.')).toBeVisible();
    connect('not-the-password-of-it');
    await expect(page.getByText('The station called, but was not let in.')).toBeVisible();
    await expect(page.getByText(/^The wrong password, or none/)).toBeVisible();
    stations[0]!.kill();
    connect(secret);
    await expect(page.getByText('HAMN-0001 is connected and in service.')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Set a price' })).toBeVisible();
    await both(page);
    await page.getByRole('button', { name: 'Another station' }).click();
    await page.getByRole('textbox', { name: /^Identity/ }).fill('HAMN-0001');
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByText('HAMN-0001 is there already')).toBeVisible();
  } finally {
    for (const s of stations) s.kill();
    await g.stop();
  }
});
