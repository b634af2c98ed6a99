/*
 * The page in the real program: the main job, done by hand, against a TLS server on loopback; and every answer that
 * passes by is held against api/openapi.yaml.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch, openPage, signIn } from './browser.mjs';
import { watchAnswers } from './description.mjs';
import { password, skip, startDesk, until } from './desk.mjs';
import { Authority, TlsServer } from './tls.mjs';

describe('the page in the program', { skip }, () => {
  let folder;
  let desk;
  let browser;
  let opened;
  let page;
  let wrong;
  let tls;
  let authority;
  const heading = (name) => page.getByRole('heading', { level: 1, name });
  const fine = () => {
    const answers = [...wrong];
    wrong.clear();
    assert.deepEqual(opened.faults.splice(0), []);
    assert.deepEqual(answers, []);
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'certdesk-web-'));
    authority = new Authority(folder);
    tls = new TlsServer(authority.issue('localhost', 10));
    await tls.start();
    desk = await startDesk(folder);
    browser = await launch();
    opened = await openPage(browser, desk.url);
    ({ page } = opened);
    wrong = watchAnswers(page);
  });
  after(async () => {
    await opened?.close();
    await browser?.close();
    const status = await desk?.stop();
    tls?.stop();
    rmSync(folder, { recursive: true, force: true });
    if (process.env.CERTDESK_SHOTS) console.log(desk?.log());
    if (desk) assert.equal(status, 0, desk.log().slice(-4000));
  });

  /* Set CERTDESK_SHOTS to a directory to see how the page stood at the end of each test. */
  let n = 0;
  afterEach(async () => {
    n += 1;
    if (process.env.CERTDESK_SHOTS) await page.screenshot({ path: join(process.env.CERTDESK_SHOTS, `product-${n}.png`) });
  });

  test('comes with headers that forbid what it does not need', async () => {
    const response = await fetch(desk.url);
    const policy = response.headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.match(await response.text(), /<div id="page">/);
    const [script] = /\/assets\/main-[\w-]+\.js/.exec(await (await fetch(`${desk.url}/certificates/1`)).text());
    const asset = await fetch(desk.url + script);
    assert.match(asset.headers.get('cache-control'), /immutable/);
    assert.equal(asset.headers.get('content-encoding'), 'gzip');
  });

  test('signs in, after refusing a wrong password', async () => {
    await page.goto('/tickets');
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill('not this one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(/wrong/).waitFor();
    await signIn(page, 'admin', password);
    await page.getByText('No certificate is watched yet').waitFor();
    fine();
  });

  test('trusts a private CA', async () => {
    await page.goto('/settings/trust');
    await page.getByRole('button', { name: 'Add private CA' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('test');
    await page.getByRole('dialog').getByLabel('Certificates', { exact: false }).first().fill(readFileSync(authority.certFile, 'utf8'));
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    await page.getByRole('gridcell', { name: /Page Test CA/ }).waitFor();
    fine();
  });

  /* F1, F2 */
  test('adds host:port, and shows the certificate with status, days left, chain and addresses', async () => {
    await page.goto('/certificates/add?how=watch');
    await page.getByLabel('Host', { exact: false }).first().fill(`localhost:${tls.port}`);
    await page.getByRole('button', { name: 'Add certificate' }).click();
    await heading(/localhost/).waitFor();
    await heading(/Expiring soon/).waitFor();
    await page.getByText(/(9|10) days left/).first().waitFor();
    await page.getByRole('tab', { name: 'Chain' }).click();
    await page.getByText('Trusted').first().waitFor();
    await page.getByRole('tab', { name: 'Endpoints' }).click();
    await page.getByText('127.0.0.1', { exact: true }).first().waitFor();
    for (const tab of ['Versions', 'Tickets', 'Access', 'Log']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.waitForLoadState('networkidle');
    }
    fine();
  });

  test('says what is wrong with a host', async () => {
    await page.goto('/certificates/add?how=watch');
    await page.getByLabel('Host', { exact: false }).first().fill('localhost:70000');
    await page.getByRole('button', { name: 'Add certificate' }).click();
    await page.getByText(/70000|65535|port/).first().waitFor();
    assert.match(page.url(), /how=watch$/);
    fine();
  });

  test('offers the record that has the endpoint already', async () => {
    await page.goto('/certificates/add?how=watch');
    await page.getByLabel('Host', { exact: false }).first().fill(`localhost:${tls.port}`);
    await page.getByRole('button', { name: 'Add certificate' }).click();
    await page.getByText('This endpoint belongs to a certificate you already have').waitFor();
    await page.getByRole('button', { name: 'Use it, and remove the new one' }).click();
    await page.waitForURL(/certificates\/1$/);
    fine();
  });

  async function runNow(name) {
    await page.goto('/jobs');
    await page.getByRole('button', { name: `Run now: ${name}` }).click();
    await page.getByText(`${name}: started`).waitFor();
  }

  /* F6 */
  test('opens one ticket when the end comes near', async () => {
    await runNow('Renewal scan');
    await until('a ticket', async () => {
      await page.goto('/tickets');
      await page.getByRole('link', { name: 'CERT-1', exact: true }).waitFor({ timeout: 3000 });
      return true;
    });
    await page.getByRole('link', { name: 'CERT-1', exact: true }).click();
    await heading(/CERT-1/).waitFor();
    await page.getByText('Certificate Expiry').waitFor();
    await page.getByLabel('Comment', { exact: true }).fill('I see to it. <b>really</b>');
    await page.getByRole('button', { name: 'Add comment' }).click();
    await page.getByText('I see to it. <b>really</b>').waitFor();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('Acknowledged').first().waitFor();
    await page.getByRole('tab', { name: 'History' }).click();
    await page.waitForLoadState('networkidle');
    fine();
  });

  /* F4, F7 */
  test('updates the certificate after its renewal, and the ticket resolves itself', async () => {
    tls.serve(authority.issue('localhost', 200));
    await page.goto('/certificates');
    await page.getByRole('checkbox', { name: 'Select row 0' }).check();
    await page.getByRole('button', { name: 'Update', exact: true }).click();
    await page.getByText(/1 certificate checked, 1 changed/).waitFor();
    await page.goto('/certificates/1');
    await heading(/Valid/).waitFor();
    await page.getByRole('tab', { name: 'Versions' }).click();
    await page.getByRole('grid', { name: 'Versions' }).getByText('Superseded').waitFor();
    await until('the ticket is done', async () => {
      await page.goto('/tickets/CERT-1');
      await page.getByRole('button', { name: 'Reopen' }).waitFor({ timeout: 3000 });
      return true;
    });
    fine();
  });

  /* F25, F26, F27 */
  test('imports a PFX: a wrong password is told at its field, the key is kept, the same file again is found', async () => {
    const pfx = { name: 'shop.pfx', mimeType: 'application/x-pkcs12', buffer: authority.pfx(authority.issue('shop.example.org', 60), 'söcret') };
    const fill = async (words) => {
      await page.goto('/certificates/add?how=pfx');
      await page.getByLabel('PFX file').setInputFiles(pfx);
      await page.getByLabel('Password', { exact: true }).fill(words);
    };
    await fill('not this one');
    await page.getByRole('button', { name: 'Import certificate' }).click();
    await page.getByText(/password/).filter({ hasText: /wrong/ }).first().waitFor();
    await page.getByLabel('Password', { exact: true }).fill('söcret');
    await page.getByRole('button', { name: 'Next: general information' }).click();
    await page.getByLabel('Business group').fill('Retail');
    await page.getByLabel('Tags').fill('shop');
    await page.getByRole('button', { name: 'Import certificate' }).click();
    await page.getByText('Sealed in the vault', { exact: true }).or(page.getByText('Its private key is sealed in the vault')).first().waitFor();
    await fill('söcret');
    await page.getByRole('button', { name: 'Import certificate' }).click();
    await page.getByText('You have this certificate already').waitFor();
    await page.getByRole('link', { name: /shop/ }).last().click();
    await heading(/shop\.example\.org/).waitFor();
    await page.getByText('Sealed in the vault').first().waitFor();
    fine();
  });

  /* F30 */
  test('puts a renewed certificate in its place, and says what has changed', async () => {
    const { key, cert } = authority.issue('shop.example.org', 300);
    await page.goto('/certificates?q=shop');
    await page.getByRole('link', { name: /shop/ }).first().click();
    await heading(/shop/).waitFor();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Update after renewal' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: /^New certificate( ?\*)?$/ }).fill(String(cert));
    await dialog.getByRole('textbox', { name: /^Private key$/ }).fill(String(key));
    await dialog.getByRole('button', { name: 'Update', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await heading(/Valid/).waitFor();
    await page.getByRole('tab', { name: 'Versions' }).click();
    await page.getByRole('grid', { name: 'Differences' }).getByText('Valid until').waitFor();
    fine();
  });

  /* F25, F29 */
  test('generates a CSR, and brings the certificate of it together with its key', async () => {
    await page.goto('/certificates/add?how=csr');
    await page.getByRole('textbox', { name: /^Names/ }).fill('csr.example.org\n192.0.2.7');
    await page.getByRole('button', { name: 'Generate CSR' }).click();
    const text = await page.getByLabel('CSR', { exact: true }).innerText();
    await page.getByRole('button', { name: 'Upload the signed certificate' }).click();
    await page.getByRole('textbox', { name: /^Certificate( ?\*)?$/ }).fill(String(authority.issue('csr.example.org', 50).cert));
    await page.getByRole('button', { name: 'Import certificate' }).click();
    await page.getByText(/another key|does not match|key/).last().waitFor();
    await page.getByRole('textbox', { name: /^Certificate( ?\*)?$/ }).fill(authority.sign(text, 50));
    await page.getByRole('button', { name: 'Import certificate' }).click();
    await page.getByText('Sealed in the vault', { exact: true }).or(page.getByText('Its private key is sealed in the vault')).first().waitFor();
    await page.goto('/csrs?used=true');
    await page.getByRole('link', { name: 'csr.example.org' }).first().waitFor();
    fine();
  });

  /* F3 */
  test('keeps what was known when the endpoint fails, and says so', async () => {
    tls.stop();
    await page.goto('/certificates/1');
    await page.getByRole('button', { name: 'Update', exact: true }).click();
    await page.getByText(/could not be reached/).waitFor();
    await page.getByRole('tab', { name: 'Endpoints' }).click();
    await page.getByText('Connection refused').first().waitFor();
    await heading(/Valid/).waitFor();
    fine();
  });

  /* F1 */
  test('adds a pasted list and says what came of each line', async () => {
    await page.goto('/certificates/add?how=list');
    await page.getByLabel('Hosts').fill('127.0.0.1:1\nnot a host\nlocalhost:70000\n');
    await page.getByRole('button', { name: 'Add 3 certificates' }).click();
    await page.getByText(/1 certificate added, 0 already there, 2 not added/).waitFor();
    fine();
  });

  /* F5, F34 */
  test('keeps settings, makes users and tokens', async () => {
    await page.goto('/settings/notifications');
    await page.getByLabel('Check of all endpoints').fill('15 */6 * * *');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Notification settings are saved').waitFor();
    await page.goto('/settings/display');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Display settings are saved').waitFor();
    await page.goto('/settings/users');
    await page.getByRole('button', { name: 'Add user' }).click();
    await page.getByRole('dialog').getByLabel('User name').fill('bob');
    await page.getByRole('dialog').getByLabel('Password').fill('a long enough one');
    await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
    await page.getByRole('gridcell', { name: 'bob', exact: true }).waitFor();
    await page.goto('/settings/account');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('robot');
    await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
    await page.getByText('It is not shown again').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('gridcell', { name: 'robot', exact: true }).waitFor();
    fine();
  });

  /* F9 */
  test('shares a certificate', async () => {
    await page.goto('/certificates/1?tab=access');
    await page.getByRole('button', { name: 'Manage access' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Share with a user or group').fill('bob');
    await dialog.getByRole('button', { name: 'Share', exact: true }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('bob', { exact: true }).first().waitFor();
    fine();
  });

  test('shows every page as the description says', async () => {
    for (const path of ['/', '/certificates?sort=-name&status=valid', '/tickets?show=all', '/jobs', '/audit', '/docs', '/settings/trust', '/settings/account']) {
      await page.goto(path);
      await page.waitForLoadState('networkidle');
      assert.equal(await page.getByText('This could not be loaded').count(), 0, path);
    }
    fine();
  });

  /* F35 */
  test('shows a plain user what is shared with them, and nothing that fails or is not theirs to use', async () => {
    const bob = await openPage(browser, desk.url);
    try {
      await signIn(bob.page, 'bob', 'a long enough one');
      const nav = bob.page.getByRole('navigation', { name: 'Pages' });
      await nav.getByRole('button', { name: 'Settings' }).click();
      assert.equal(await nav.getByText('Audit log').count(), 0);
      assert.equal(await nav.getByText('Users').count(), 0);
      for (const path of ['/', '/certificates', '/certificates/1', '/certificates/1?tab=access', '/tickets', '/jobs', '/settings/notifications', '/settings/display', '/settings/trust',
        '/settings/account']) {
        await bob.page.goto(path);
        await bob.page.waitForLoadState('networkidle');
        assert.equal(await bob.page.getByText('This could not be loaded').count(), 0, path);
      }
      await bob.page.goto('/certificates');
      await bob.page.getByText('1–1 of 1').waitFor();
      await bob.page.goto('/certificates/2');
      await bob.page.getByText('There is no such thing here').waitFor();
      assert.deepEqual(bob.faults, []);
    } finally {
      await bob.close();
    }
  });

  test('deletes a certificate, and signs out', async () => {
    await page.goto('/certificates/1');
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await heading('Certificates').waitFor();
    await page.getByRole('button', { name: 'Your account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('User name').waitFor();
    assert.equal((await page.request.get('/api/v1/me')).status(), 401);
    fine();
  });
});
