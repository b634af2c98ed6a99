/*
 * Screenshots of every page, light and dark, wide and narrow, for looking at:
 *
 *     node tests/web/shots.mjs DIRECTORY [PATH…]
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, openPage, signIn } from './browser.mjs';
import { startServer } from './fixtures/server.mjs';

const [folder, ...only] = process.argv.slice(2);
const pages = ['/', '/certificates', '/certificates/add', '/certificates/add?how=list', '/certificates/1', '/certificates/7?tab=endpoints',
  '/certificates/6?tab=endpoints', '/certificates/1?tab=versions', '/certificates/1?tab=log', '/tickets', '/tickets/CERT-1', '/jobs', '/audit', '/docs',
  '/settings/notifications', '/settings/display', '/settings/trust', '/settings/users', '/settings/account', '/nowhere',
  '/certificates/add?how=watch', '/certificates/add?how=pfx', '/certificates/add?how=pem', '/certificates/add?how=csr', '/certificates/add?how=saved',
  '/certificates/1?tab=chain', '/certificates/1?tab=resources', '/certificates/1?tab=access', '/certificates/6', '/csrs', '/csrs/1', '/imports', '/resources', '/resources/1', '/resources/3', '/resources/3/edit', '/resources/new',
  '/tickets?view=board', '/tickets/CERT-101', '/tickets/CERT-102', '/tickets/CERT-103', '/tickets/CERT-104', '/tickets/new', '/tickets/new?profile=Internal+servers', '/tickets/new?type=revoke_certificate',
  '/profiles', '/profiles/new', '/profiles/Internal%20servers', '/cas', '/cas/new', '/cas/internal', '/cas/branch', '/certificates/3', '/certificates/3?tab=deployments', '/jobs?state=failed',
  '/deliveries', '/settings/groups', '/settings/business-groups', '/settings/fields', '/settings/vault'];
const looks = [
  ['light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ['phone', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
];

mkdirSync(folder, { recursive: true });
const server = await startServer();
const browser = await launch();
for (const [look, options] of looks) {
  const { page, faults, close } = await openPage(browser, server.url, options);
  await page.goto('/');
  await page.getByLabel('User name').waitFor();
  await page.screenshot({ path: join(folder, `${look}-sign-in.png`) });
  await signIn(page, 'admin', 'fixture');
  for (const path of only.length > 0 ? only : pages) {
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: join(folder, `${look}${path.replace(/[^\w]+/g, '-')}.png`) });
  }
  for (const fault of faults) console.log(look, fault);
  await close();
}
await browser.close();
await server.close();
