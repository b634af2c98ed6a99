/* Moving in: a spreadsheet, groups, fields, resources, keys and channels, by hand, in the real program. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch, openPage, signIn } from './browser.mjs';
import { password, skip, startDesk, until } from './desk.mjs';
import { watchAnswers } from './description.mjs';

const sheet = `name,host,port,owner,tags
Shop,127.0.0.1,1,admin,web;shop
Blog,127.0.0.1,2,admin,web
Bad,127.0.0.1,70000,admin,
`;

/* Listens for what is posted to it. */
async function startReceiver() {
  const posts = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    posts.push({ headers: request.headers, body });
    response.writeHead(204).end();
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { posts, url: `http://127.0.0.1:${server.address().port}/hook`, stop: () => server.close() };
}

describe('moving in', { skip }, () => {
  let folder;
  let desk;
  let browser;
  let opened;
  let page;
  let wrong;
  let receiver;
  const heading = (name) => page.getByRole('heading', { level: 1, name });
  const button = (name) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const inDialog = (name) => dialog().getByRole('button', { name, exact: true });
  const gone = () => dialog().waitFor({ state: 'detached' });
  const fine = () => {
    const answers = [...wrong];
    wrong.clear();
    assert.deepEqual(opened.faults.splice(0), []);
    assert.deepEqual(answers, []);
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'certdesk-web-'));
    receiver = await startReceiver();
    desk = await startDesk(folder);
    browser = await launch();
    opened = await openPage(browser, desk.url);
    ({ page } = opened);
    wrong = watchAnswers(page);
    await signIn(page, 'admin', password);
    await page.goto('/settings/users');
    await button('Add user').click();
    await dialog().getByLabel('User name').fill('bob');
    await dialog().getByLabel('Password').fill('a long enough one');
    await inDialog('Add').click();
    await gone();
  });
  after(async () => {
    await opened?.close();
    await browser?.close();
    receiver?.stop();
    const status = await desk?.stop();
    rmSync(folder, { recursive: true, force: true });
    if (desk) assert.equal(status, 0, desk.log().slice(-4000));
  });

  let n = 0;
  afterEach(async () => {
    n += 1;
    if (process.env.CERTDESK_SHOTS) await page.screenshot({ path: join(process.env.CERTDESK_SHOTS, `together-${n}.png`) });
  });

  /* F10 */
  test('brings a spreadsheet in: first what would happen, then it happens', async () => {
    await page.goto('/imports');
    await page.getByLabel('CSV file').setInputFiles({ name: 'certs.csv', mimeType: 'text/csv', buffer: Buffer.from(sheet) });
    await button('Show what would happen').click();
    await page.getByText('2 certificates would be added, 0 changed').waitFor();
    await page.getByText(/^Line 4, port: .*70000/).waitFor();
    assert.equal((await (await page.request.get('/api/v1/certificates')).json()).total, 0);
    await button('Import 2 certificates').click();
    await page.getByText('2 certificates added, 0 changed, 1 refused').waitFor();
    const refused = await page.request.get(await page.getByRole('link', { name: /Download the refused rows/ }).getAttribute('href'));
    assert.match(await refused.text(), /70000/);
    await page.goto('/certificates?sort=name');
    await page.getByText('1–2 of 2').waitFor();
    fine();
  });

  /* F10 */
  test('exports what it has imported, or what is selected', async () => {
    const exported = async (words) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: words }).click()]);
      const chunks = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk);
      return Buffer.concat(chunks).toString().trim().split(/\r?\n/);
    };
    await page.goto('/certificates?tag=shop');
    await page.getByText('1–1 of 1').waitFor();
    const all = await exported(/^Export all 1 as CSV/);
    assert.equal(all.length, 2);
    assert.match(all[1], /Shop,127\.0\.0\.1,1,/);
    await page.goto('/certificates?sort=-name');
    await page.getByRole('checkbox', { name: 'Select row 0' }).check();
    assert.deepEqual(await exported('Export 1 as CSV'), all);
  });

  /* F24 */
  test('tags and assigns many at once', async () => {
    await page.goto('/certificates?sort=name');
    await page.getByRole('button', { name: /^Select all 2 that match/ }).click();
    await button('Tag').click();
    await dialog().getByLabel('Tags').fill('moved');
    await inDialog('Add tags').click();
    await page.getByText('Tag 2 certificates: 2 done').waitFor();
    await page.getByRole('checkbox', { name: 'Select row 0' }).check();
    await button('Assign').click();
    await dialog().getByLabel('User').fill('bob');
    await inDialog('Assign').click();
    await page.getByText('Assign 1 certificate: 1 done').waitFor();
    await page.goto('/certificates?tag=moved&assignee=bob');
    await page.getByText('1–1 of 1').waitFor();
    fine();
  });

  /* F9 */
  test('makes a group, and shares a certificate with it', async () => {
    await page.goto('/settings/groups');
    await button('Add group').click();
    await dialog().getByRole('textbox', { name: /^Name/ }).fill('web-team');
    await dialog().getByLabel('Add a user').fill('bob');
    await dialog().getByRole('button', { name: 'Add', exact: true }).first().click();
    await dialog().getByRole('button', { name: 'Add', exact: true }).last().click();
    await gone();
    await page.getByText('1 member').waitFor();
    await page.goto('/certificates?q=Blog');
    await page.getByRole('link', { name: 'Blog' }).click();
    await page.getByRole('tab', { name: 'Access' }).click();
    await button('Manage access').click();
    await dialog().getByLabel('Share with a user or group').fill('web-team');
    await inDialog('Share').click();
    await inDialog('Save').click();
    await gone();
    await page.getByRole('grid', { name: 'Access' }).getByRole('row', { name: /web-team Group/ }).waitFor();
    fine();
  });

  test('makes a field, fills it in, and filters by it', async () => {
    await page.goto('/settings/fields');
    await button('Add field').click();
    await dialog().getByLabel('Label').fill('Cost centre');
    await inDialog('Add').click();
    await gone();
    await page.goto('/certificates?q=Shop');
    await page.getByRole('link', { name: 'Shop' }).click();
    await button('Edit').click();
    await dialog().getByLabel('Cost centre').fill('4711');
    await inDialog('Save').click();
    await gone();
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByText('4711').waitFor();
    await page.goto('/certificates?field.cost_centre=4711');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByText('Cost centre: 4711').waitFor();
    fine();
  });

  /* F24 */
  test('keeps a view', async () => {
    await page.goto('/certificates?q=Shop&sort=name');
    await page.getByText('1–1 of 1').waitFor();
    await button('Saved views').click();
    await page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await dialog().getByLabel('Name').fill('The shop');
    await dialog().getByLabel('Show it first').check();
    await inDialog('Save').click();
    await gone();
    await page.goto('/');
    await page.goto('/certificates');
    await page.waitForURL(/q=Shop/);
    await page.getByText('1–1 of 1').waitFor();
    fine();
  });

  test('labels with a business group, and gives another one when it goes', async () => {
    await page.goto('/settings/business-groups');
    for (const name of ['Retail', 'Logistics']) {
      await button('Add business group').click();
      await dialog().getByRole('textbox', { name: /^Name/ }).fill(name);
      await inDialog('Add').click();
      await gone();
    }
    await page.goto('/certificates?q=Shop');
    await page.getByRole('button', { name: /^Select all 1 that match/ }).click();
    await button('Business group').click();
    await dialog().getByLabel('Business group').fill('Retail');
    await inDialog('Set').click();
    await page.getByText('Business group of 1 certificate: 1 done').waitFor();
    await page.goto('/settings/business-groups');
    await button('Actions for Retail').click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await dialog().getByLabel('Give them instead').fill('Logistics');
    await inDialog('Remove').click();
    await gone();
    await page.goto('/certificates?business_group=Logistics');
    await page.getByText('1–1 of 1').waitFor();
    fine();
  });

  /* F30, F31 */
  test('says what belongs on a resource; what does is not deleted', async () => {
    await page.goto('/resources');
    await page.getByRole('link', { name: 'Add resource' }).first().click();
    await page.getByLabel('Kept by hand').check();
    await page.getByRole('textbox', { name: /^Name/ }).fill('lb-1');
    await button('Add').click();
    await heading('lb-1').waitFor();
    await page.goto('/certificates?q=Shop');
    await page.getByRole('link', { name: 'Shop' }).click();
    await page.getByRole('tab', { name: 'Resources' }).click();
    await button('Associate with a resource').click();
    await dialog().getByRole('combobox', { name: /^Resource/ }).or(dialog().getByRole('textbox', { name: /^Resource/ })).fill('lb-1');
    await dialog().getByLabel('Place').fill(':443');
    await inDialog('Associate').click();
    await gone();
    await page.getByRole('grid', { name: 'Resources' }).getByRole('row', { name: /lb-1/ }).waitFor();
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await dialog().getByText(/belongs on lb-1/).waitFor();
    assert.equal(await inDialog('Delete').count(), 0);
    await inDialog('Cancel').click();
    await page.getByRole('link', { name: 'lb-1' }).click();
    await heading('lb-1').waitFor();
    await button('Swap Shop').click();
    await dialog().getByRole('textbox', { name: 'Certificate' }).fill('Blog');
    await dialog().getByRole('radio', { name: /Blog/ }).check();
    await inDialog('Choose').click();
    await gone();
    await button('Save changes').click();
    await page.getByText('The changes are saved').waitFor();
    await button('Swap Blog').waitFor();
    fine();
  });

  /* F8 */
  test('adds a webhook, whose test arrives signed with the secret that was shown once', async () => {
    await page.goto('/settings/notifications');
    await button('Add webhook').click();
    await dialog().getByRole('textbox', { name: /^Name/ }).fill('Robot');
    await dialog().getByRole('textbox', { name: /^Address/ }).fill(receiver.url);
    await inDialog('Add').click();
    await page.getByText('It is not shown again').waitFor();
    const secret = (await dialog().locator('code').innerText()).trim();
    await button('Done').click();
    await button('Send test: Robot').click();
    await page.getByText('The test was accepted').waitFor();
    const [post] = receiver.posts;
    const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(post.headers['x-certdesk-signature']);
    assert.equal(createHmac('sha256', secret).update(`${time}.${post.body}`).digest('hex'), mac);
    await page.goto('/deliveries');
    await page.getByRole('row', { name: /Robot/ }).getByText('Sent').waitFor();
    fine();
  });

  /* F8 */
  test('makes a calendar address that works until it is revoked', async () => {
    await page.goto('/settings/notifications');
    await button('New calendar address').click();
    const url = (await dialog().locator('code').innerText()).trim();
    await button('Done').click();
    const before = await fetch(url);
    assert.match(before.headers.get('content-type'), /text\/calendar/);
    assert.match(await before.text(), /BEGIN:VCALENDAR/);
    await page.getByRole('button', { name: /^Revoke address/ }).click();
    await inDialog('Revoke').click();
    await gone();
    assert.equal((await fetch(url)).status, 404);
    fine();
  });

  /* F5 */
  test('shows when what is typed would run', async () => {
    await page.goto('/settings/notifications');
    await page.getByLabel('Check of all endpoints').fill('30 4 29 2 *');
    await page.getByText(/29 Feb 2028/).first().waitFor();
    await page.getByLabel('Check of all endpoints').fill('61 * * * *');
    await page.getByText(/61|minute/).first().waitFor();
    fine();
  });

  test('rotates the master key while it serves', async () => {
    await page.goto('/settings/vault');
    await page.getByText('Seals now').waitFor();
    const first = await page.getByRole('row', { name: /Seals now/ }).locator('code').innerText();
    await button('Rotate the master key').click();
    await inDialog('Rotate').click();
    await gone();
    await until('another key', async () => (await page.getByRole('row', { name: /Seals now/ }).locator('code').innerText({ timeout: 1000 })) !== first);
    await page.getByText('Retired').waitFor();
    fine();
  });

  /* F36 */
  test('proves in the log who did what', async () => {
    await page.goto('/audit?actor=admin&action=group');
    await page.getByRole('grid', { name: 'Log' }).getByRole('row', { name: /admin/ }).first().waitFor();
    await page.getByText(/The chain is intact: verified up to link \d|No entry is chained yet/).waitFor();
    fine();
  });

  test('opens every page without a fault', async () => {
    for (const path of ['/csrs', '/imports', '/resources', '/deliveries', '/settings/groups', '/settings/business-groups', '/settings/fields', '/settings/vault', '/certificates/add']) {
      await page.goto(path);
      await page.waitForLoadState('networkidle');
      assert.equal(await page.getByText('This could not be loaded').count(), 0, path);
    }
    fine();
  });
});
