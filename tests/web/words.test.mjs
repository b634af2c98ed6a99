/* What the page says about dates, cron expressions and names, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireFromPage } from './browser.mjs';

const { build } = requireFromPage('esbuild');
const web = new URL('../../web/', import.meta.url);

async function load(path) {
  const result = await build({ entryPoints: [new URL(path, web).pathname], bundle: true, format: 'esm', write: false, logLevel: 'silent' });
  return import(`data:text/javascript;base64,${Buffer.from(result.outputFiles[0].contents).toString('base64')}`);
}

const cases = [
  ['0 3 * * *', 'every day at 03:00 UTC'],
  ['@daily', 'every day at 00:00 UTC'],
  ['*/15 * * * *', 'every 15 minutes'],
  ['5 */6 * * *', 'every 6 hours at minute 5'],
  ['30 4 * * 1-5', 'at 04:30 UTC on Monday to Friday'],
  ['0 8,20 * * mon', 'at 08:00 and 20:00 UTC on Monday'],
  ['0 0 1 1 *', 'at 00:00 UTC on day 1 of the month in January'],
  ['* * * * *', 'every minute'],
  ['0 3 * *', null],
  ['every day', null],
  ['0 3 * * * *', null],
  ['<b> 3 * * *', null],
];

test('a cron expression is said in words', async () => {
  const { cronWords } = await load('src/parts/cron.ts');
  for (const [expression, words] of cases) assert.equal(cronWords(expression), words, expression);
});

test('days left are said in words', async () => {
  const { daysLeft, period } = await load('src/parts/dates.ts');
  assert.equal(daysLeft(10), '10 days left');
  assert.equal(daysLeft(1), '1 day left');
  assert.equal(daysLeft(0), 'less than a day left');
  assert.equal(daysLeft(-3), 'ended 3 days ago');
  assert.equal(period(7), '7 days before the end');
  assert.equal(period(-1), '1 day after the end');
});

test('an instant is told apart from now', async () => {
  const { ago, utcTime } = await load('src/parts/dates.ts');
  const now = Date.parse('2026-11-21T12:00:00Z');
  assert.equal(ago('2026-11-21T11:57:00Z', now), '3 minutes ago');
  assert.equal(ago('2026-11-23T12:00:00Z', now), 'in 2 days');
  assert.equal(ago('2026-11-21T12:00:10Z', now), 'in a moment');
  assert.equal(utcTime('2026-11-21T12:00:00Z'), '2026-11-21 12:00:00 UTC');
});

test('names are shortened and addresses written as people write them', async () => {
  const { colons, hostPort, shortName } = await load('src/parts/words.ts');
  assert.equal(shortName('CN=R11,O=Let\'s Encrypt,C=US'), 'R11');
  assert.equal(shortName('O=Example\\, Inc.,C=US'), 'Example, Inc.');
  assert.equal(shortName('C=US'), 'C=US');
  assert.equal(hostPort({ host: '2001:db8::1', port: 443 }), '[2001:db8::1]:443');
  assert.equal(colons('0a1b'), '0A:1B');
});

test('an address is taken apart by its pattern', async () => {
  globalThis.window = { addEventListener() {} };
  const { matchPath } = await load('src/app/router.tsx');
  assert.deepEqual(matchPath('/certificates/:id', '/certificates/7'), { id: '7' });
  assert.deepEqual(matchPath('/tickets/:key', '/tickets/CERT%2D1/'), { key: 'CERT-1' });
  assert.equal(matchPath('/certificates/:id', '/certificates'), null);
  assert.equal(matchPath('/certificates', '/certificates/7'), null);
  assert.deepEqual(matchPath('/', '/'), {});
});

test('unused styles go, and used ones stay', async () => {
  const { dropUnusedProperties, dropUnwantedRules, shortenProperties } = await import(new URL('build-styles.mjs', web));
  const css = ':root{--pf-a:1;--pf-b:var(--pf-a);--pf-c:2}.x{width:var(--pf-b)}';
  assert.equal(dropUnusedProperties(css, ''), ':root{--pf-a:1;--pf-b:var(--pf-a);}.x{width:var(--pf-b)}');
  assert.equal(dropUnusedProperties(':root{--pf-c:2}', '"--pf-c"'), ':root{--pf-c:2}');
  assert.equal(dropUnwantedRules('.a,.b:where([dir=rtl]){top:0}.pf-v6-theme-high-contrast{top:1}'), '.a{top:0}');
  assert.equal(shortenProperties('.x{--pf-a:1;top:var(--pf-a);--pf-z:1}', '--pf-z'), '.x{--p0:1;top:var(--p0);--pf-z:1}');
});
