/* The life of a certificate, by hand, in the real program: CA, profile, ticket, enrol, download, renew, revoke. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch, openPage, signIn } from './browser.mjs';
import { password, skip, startDesk } from './desk.mjs';
import { watchAnswers } from './description.mjs';
import { Authority } from './tls.mjs';

const windowRefusal = "The certificate's profile does not allow renewal outside of the configured expiry window";

describe('from a CA of one\'s own to a revoked certificate', { skip }, () => {
  let folder;
  let desk;
  let browser;
  let opened;
  let page;
  let wrong;
  const heading = (name) => page.getByRole('heading', { level: 1, name });
  const button = (name) => page.getByRole('button', { name, exact: true });
  const link = (name) => page.getByRole('link', { name, exact: true });
  const field = (name) => page.getByRole('main').getByLabel(new RegExp(`^${name}\\s*\\*?$`));
  const dialog = () => page.getByRole('dialog');
  const inDialog = (name) => dialog().getByRole('button', { name, exact: true });
  const gone = () => dialog().waitFor({ state: 'detached' });
  const csrField = () => page.getByRole('textbox', { name: 'Certificate CSR text', exact: true });
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  const fine = () => {
    const answers = [...wrong];
    wrong.clear();
    assert.deepEqual(opened.faults.splice(0), []);
    assert.deepEqual(answers, []);
  };
  const request = (name, bits = []) => {
    openssl('req', '-new', '-newkey', ...(bits.length > 0 ? bits : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']), '-nodes', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', 'k.pem', '-out', 'r.pem');
    return readFileSync(join(folder, 'r.pem'), 'utf8');
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'certdesk-web-'));
    desk = await startDesk(folder);
    browser = await launch();
    opened = await openPage(browser, desk.url);
    ({ page } = opened);
    wrong = watchAnswers(page);
    await signIn(page, 'admin', password);
  });
  after(async () => {
    await opened?.close();
    await browser?.close();
    const status = await desk?.stop();
    rmSync(folder, { recursive: true, force: true });
    if (desk) assert.equal(status, 0, desk.log().slice(-4000));
  });

  let n = 0;
  afterEach(async () => {
    n += 1;
    if (process.env.CERTDESK_SHOTS) await page.screenshot({ path: join(process.env.CERTDESK_SHOTS, `story-${n}.png`) });
  });

  /* F21 */
  test('makes a root in two steps', async () => {
    await page.goto('/cas');
    await link('Make a CA').first().click();
    await field('Common name').fill('Example Root');
    await button('Next').click();
    await field('Public URL').fill('http://pki.example.org');
    await field('Only for these names').fill('example.org');
    await button('Make the root').click();
    await heading(/example-root/).waitFor();
    await page.getByText('Active', { exact: true }).waitFor();
    await page.getByText('The public URL can be changed until the first certificate is issued.').waitFor();
    const crt = await page.request.get('/pki/example-root.crt');
    assert.equal(crt.status(), 200);
    writeFileSync(join(folder, 'root.der'), await crt.body());
    openssl('x509', '-inform', 'DER', '-in', 'root.der', '-out', 'root.pem');
    fine();
  });

  /* F21 */
  test('makes an intermediate, which another root signs', async () => {
    const root = new Authority(folder);
    await page.goto('/cas/new');
    await page.getByLabel('An intermediate').check();
    await field('Common name').fill('Example Branch');
    await button('Next').click();
    await field('Public URL').fill('http://pki.example.org');
    await button('Make key and CSR').click();
    await heading(/example-branch/).waitFor();
    const csr = await page.getByLabel('CSR', { exact: true }).textContent();
    const pem = root.signCa(csr);
    const chain = page.getByRole('textbox', { name: 'Signed certificate and its chain', exact: true });
    await chain.fill('-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n');
    await button('Install certificate').click();
    await page.locator('.pf-v6-c-form .pf-m-error').first().waitFor();
    await chain.fill(pem + readFileSync(root.certFile, 'utf8'));
    await button('Install certificate').click();
    await page.getByText('Active', { exact: true }).waitFor();
    fine();
  });

  test('makes a profile', async () => {
    await page.goto('/profiles/new');
    await field('Name').fill('web');
    await field('CA').selectOption('example-root');
    await field('Domains').fill('*.example.org');
    await button('Add profile').click();
    await link('web').waitFor();
    fine();
  });

  /* F11, F12 */
  test('asks for a certificate: a weak key and a strange name are told before', async () => {
    await page.goto('/tickets/new?profile=web');
    await csrField().fill(request('shop.example.net', ['rsa:1024']));
    const broken = page.getByRole('list', { name: 'Rules broken' });
    await broken.getByText(/shop\.example\.net/).waitFor();
    await broken.getByText(/1024/).waitFor();
    await csrField().fill(request('shop.example.org'));
    await page.getByText('The profile allows it').waitFor();
    await button('About the ticket and the certificate').click();
    await field('Summary').fill('The shop');
    await button('Create ticket').click();
    await page.getByText(/CERT-1- The shop has been created/).waitFor();
    await heading(/CERT-1/).waitFor();
    fine();
  });

  const pemOf = async () => {
    const files = await page.getByRole('list', { name: 'Attachments' }).getByRole('link').all();
    const answer = await page.request.get(await files.at(-1).getAttribute('href'));
    return { n: files.length, text: await answer.text() };
  };

  /* F13, F14 */
  test('enrolls it, and downloads what was attached', async () => {
    await page.goto('/tickets/CERT-1');
    await button('Enroll Certificate').click();
    await inDialog('Enroll Certificate').click();
    await page.getByText('CERT-1 has been updated').waitFor();
    await heading(/Certificate enrolled:shop\.example\.org/).waitFor();
    await link('shop.example.org.pem').waitFor();
    const { text } = await pemOf();
    writeFileSync(join(folder, 'leaf.pem'), text);
    assert.ok(!text.includes('PRIVATE KEY'));
    assert.match(openssl('verify', '-x509_strict', '-CAfile', 'root.pem', 'leaf.pem'), /OK/);
    fine();
  });

  /* F49 */
  test('says when it will renew, and why', async () => {
    await page.goto('/tickets/CERT-1');
    await page.getByRole('main').getByRole('link', { name: 'shop.example.org', exact: true }).click();
    await page.getByRole('heading', { level: 2, name: 'When will this renew, and why' }).waitFor();
    await page.getByText('Not yet, but by force').waitFor();
    fine();
  });

  /* F15 */
  test('renews it only by force while the window is not open', async () => {
    await page.goto('/tickets/CERT-1');
    const before = await pemOf().catch(() => null);
    void before;
    await link('shop.example.org.pem').first().waitFor();
    const first = await pemOf();
    await button('Renew Certificate').click();
    await inDialog('Renew Certificate').click();
    await dialog().getByText(windowRefusal).waitFor();
    await dialog().getByLabel("Also outside of the profile's expiry window").check();
    await inDialog('Renew Certificate').click();
    await gone();
    await page.getByText('Certificate Renewed', { exact: true }).first().waitFor();
    await link('shop.example.org.pem').nth(first.n).waitFor();
    const second = await pemOf();
    assert.notEqual(second.text, first.text);
    fine();
  });

  /* F17 */
  test('revokes it, which the CA then tells', async () => {
    await page.goto('/tickets/CERT-1');
    await button('Revoke Certificate').click();
    await dialog().getByLabel('Reason').selectOption('superseded');
    await dialog().getByLabel('Comment').fill('the shop has closed');
    await inDialog('Revoke Certificate').click();
    await gone();
    await page.getByText('Certificate Revoked', { exact: true }).first().waitFor();
    await page.getByText(/the shop has closed/).first().waitFor();
    await button('Renew Certificate').waitFor({ state: 'detached' });
    await page.goto('/cas/example-root');
    await page.getByRole('grid', { name: 'Issued certificates' }).getByText(/Replaced by another/).waitFor();
    fine();
  });

  /* F12 */
  test('has the server make a key, and finds the tickets on the board', async () => {
    await page.goto('/certificates/add?how=request&profile=web');
    await page.getByLabel('certdesk makes the key').check();
    await field('Names').fill('blog.example.org');
    await page.getByText('The profile allows it').waitFor();
    await button('Create ticket').click();
    await heading(/CERT-2/).waitFor();
    await page.goto('/tickets?view=board');
    await page.getByRole('region', { name: 'Certificate Request' }).getByRole('link', { name: /CERT-2/ }).waitFor();
    await page.getByRole('region', { name: 'Certificate Revoked' }).getByRole('link', { name: /CERT-1/ }).waitFor();
    fine();
  });

  test('talks, attaches and watches', async () => {
    await page.goto('/tickets/CERT-2');
    await field('Comment').fill('please look');
    await button('Add comment').click();
    await page.getByText('please look').waitFor();
    await button('Actions for the comment of admin').click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await dialog().getByLabel('Comment').fill('thank you');
    await inDialog('Save').click();
    await page.getByText('thank you').waitFor();
    await page.getByLabel('File to attach').setInputFiles({ name: '../../notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') });
    await link('notes.txt').waitFor();
    await button('Delete notes.txt').click();
    await inDialog('Delete').click();
    await link('notes.txt').waitFor({ state: 'detached' });
    const watch = page.getByRole('button', { name: /^(Watch it|Stop watching)$/ });
    const words = await watch.textContent();
    await watch.click();
    await button(words === 'Watch it' ? 'Stop watching' : 'Watch it').waitFor();
    await button('Cancel').click();
    await inDialog('Cancel').first().click();
    await gone();
    await page.getByText('Cancelled', { exact: true }).first().waitFor();
    fine();
  });

  test('opens every page of it without a fault', async () => {
    for (const path of ['/profiles', '/profiles/web', '/cas', '/cas/example-root', '/tickets?show=all', '/resources/new', '/jobs', '/']) {
      await page.goto(path);
      await page.waitForLoadState('networkidle');
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.equal(await page.getByText('This could not be loaded').count(), 0, path);
    }
    fine();
  });
});
