/* Debian's Chromium, driven by Playwright from web/node_modules. */
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { after, before, beforeEach } from 'node:test';

export const requireFromPage = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = requireFromPage('playwright-core');

const executablePath = process.env.CERTDESK_CHROMIUM ?? '/usr/bin/chromium';
export const hasBrowser = existsSync(executablePath);

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];

export function launch() {
  return chromium.launch({ executablePath, headless: true, args: flags });
}

/* A fresh page that remembers what went wrong in it. */
export async function openPage(browser, baseURL, options = {}) {
  const context = await browser.newContext({ baseURL, viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  page.setDefaultTimeout(15000);
  return { page, faults, close: () => context.close() };
}

/* As if somebody had signed in to the stand-in server. */
export async function signedIn({ page }, { url }) {
  await page.context().addCookies([{ name: 'certdesk_session', value: '1', url }]);
}

export async function signIn(page, name, password) {
  await page.goto('/');
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
}

/*
 * Each test of the suite has a stand-in server and a page of its own, and `set` gets both: what went wrong in the page,
 * and what the API's description says of what it was answered. `enter` signs in.
 */
export function eachOnAFreshPage(set, enter = signedIn) {
  let browser;
  let server;
  let opened;
  const close = async () => {
    await opened?.close();
    await server?.close();
  };

  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await close();
    await browser?.close();
  });
  beforeEach(async () => {
    const { watchAnswers } = await import('./description.mjs'); /* both need what is above */
    const { startServer } = await import('./fixtures/server.mjs');
    await close();
    server = await startServer();
    opened = await openPage(browser, server.url);
    set({ server, opened, page: opened.page, wrong: watchAnswers(opened.page) });
    await enter(opened, server);
  });
}
