// The binary as it is, with simulated stations, for as long as a worker runs; and what every screen is held to.
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const binary = process.env.GNISTA ?? new URL('../../bin/gnista', import.meta.url).pathname;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export interface Gnista {
  url: string;
  log: () => string;
  stop: () => Promise<void>;
}

/** Starts the binary on a folder of its own, and waits until it answers. */
export async function start(...flags: string[]): Promise<Gnista> {
  const data = mkdtempSync(join(tmpdir(), 'gnista-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(binary, ['serve', '--data', data, '--listen', url.slice('http://'.length), ...flags]);
  let log = '';
  child.stdout.on('data', (text) => (log += text));
  child.stderr.on('data', (text) => (log += text));
  const ended = new Promise<void>((done) => child.on('exit', () => done()));
  for (let tries = 0; ; tries++) {
    const up = await fetch(url + '/readyz').then((r) => r.ok, () => false); // prettier-ignore
    if (up) break;
    if (tries > 300 || child.exitCode !== null) throw new Error('it does not start: ' + log);
    await new Promise((done) => setTimeout(done, 100));
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return { url, log: () => log, stop };
}

/** Tests with one binary for all of a worker, with the demonstration's stations. What it logs as an error fails the test. */
export const test = base.extend<{ clean: void }, { gnista: Gnista }>({
  gnista: [
    async ({}, use) => {
      const g = await start('--demo');
      await use(g);
      await g.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  baseURL: async ({ gnista }, use) => use(gnista.url),
  clean: [
    async ({ page }, use) => {
      const wrong: string[] = [];
      page.on('pageerror', (e) => wrong.push(e.message));
      page.on('console', (m) => {
        // What the API refuses the screen tells of; that the browser notes it too says nothing.
        if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) wrong.push(m.text());
      });
      await use();
      expect(wrong).toEqual([]);
    },
    { auto: true },
  ],
});

/** Holds a page to WCAG 2.2 AA, as far as a program can tell. */
export async function accessible(page: Page) {
  await held(new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']));
}

/** Holds a page to it in light and in dark, where nothing but the colours is another. */
export async function accessibleInBoth(page: Page) {
  await page.emulateMedia({ colorScheme: 'light' });
  await accessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await held(new AxeBuilder({ page }).withRules(['color-contrast']));
  await page.emulateMedia({ colorScheme: 'light' });
}

async function held(axe: AxeBuilder) {
  const found = await axe.analyze();
  expect(found.violations.map((v) => `${v.id}: ${v.help} ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
}

export { expect };
