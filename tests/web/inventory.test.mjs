/* Adding, keeping and handing round: the page against the stand-in server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachOnAFreshPage, hasBrowser } from './browser.mjs';

const file = (name, text) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });

describe('the inventory', { skip: hasBrowser ? false : 'there is no Chromium' }, () => {
  let server;
  let page;
  let opened;
  let wrong;

  eachOnAFreshPage((fresh) => ({ server, opened, page, wrong } = fresh));

  const heading = (name) => page.getByRole('heading', { level: 1, name });
  const button = (name) => page.getByRole('button', { name, exact: true });
  const text = (name) => page.getByRole('textbox', { name: new RegExp(`^${name}( ?\\*)?$`) });
  const dialog = () => page.getByRole('dialog');
  const gone = () => dialog().waitFor({ state: 'detached' });
  const fine = () => {
    assert.deepEqual(opened.faults, []);
    assert.deepEqual([...wrong], []);
  };

  /* F25, F26 */
  test('imports a PFX file, and says beside the password that it is wrong', async () => {
    await page.goto('/certificates/add');
    await page.getByRole('link', { name: 'Import a PFX file' }).click();
    await page.getByLabel('PFX file').setInputFiles(file('shop.pfx', 'pfx'));
    await page.getByLabel('Password', { exact: true }).fill('wrong');
    await button('Import certificate').click();
    await page.getByText('the password is wrong').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('right');
    await button('Next: general information').click();
    await page.getByLabel('Business group').waitFor();
    assert.equal(await page.getByText('the password is wrong').count(), 0);
    await page.getByLabel('Business group').fill('Retail');
    await page.getByLabel('Tags').fill('shop, Web');
    await page.getByLabel('Share with').fill('ops, bob');
    await button('Import certificate').click();
    await heading(/imported\.example\.org/).waitFor();
    const { business_group: group, tags, share_users: users, share_groups: groups, password } = server.state.world.lastForm;
    assert.deepEqual({ group, tags, users, groups, password }, { group: 'Retail', tags: 'shop;web', users: 'bob', groups: 'ops', password: 'right' });
    fine();
  });

  /* F27 */
  test('imports a certificate with its key: a foreign key is refused at the field, a missing chain is said', async () => {
    await page.goto('/certificates/add?how=pem');
    await text('Certificate').fill('-----BEGIN CERTIFICATE-----NOCHAIN');
    await text('Private key').fill('-----BEGIN PRIVATE KEY-----OTHER');
    await button('Import certificate').click();
    await page.getByText("the key is not the certificate's: it is of CN=other").waitFor();
    await page.getByLabel('Private key from a file', { exact: true }).setInputFiles(file('a.key', '-----BEGIN PRIVATE KEY-----RIGHT'));
    await button('Import certificate').click();
    await page.getByText('The chain is not complete').waitFor();
    await page.getByText('Its private key is sealed in the vault').waitFor();
    await button('Show the certificate').click();
    await heading(/imported\.example\.org/).waitFor();
    fine();
  });

  /* F27 */
  test('leads to the record that has the certificate already', async () => {
    await page.goto('/certificates/add?how=pem');
    await text('Certificate').fill('-----BEGIN CERTIFICATE-----KNOWN');
    await button('Import certificate').click();
    await page.getByText('You have this certificate already').waitFor();
    await page.getByRole('link', { name: 'www.example.org' }).click();
    await heading(/www\.example\.org/).waitFor();
    fine();
  });

  test('goes to the step that has the refused field', async () => {
    await page.goto('/certificates/add?how=pem');
    await text('Certificate').fill('-----BEGIN CERTIFICATE-----');
    await button('Next: general information').click();
    await page.getByLabel('Assignee').fill('nobody');
    await button('Back').click();
    await button('Import certificate').click();
    await page.getByText('there is no user "nobody"').waitFor();
    assert.equal(await page.getByLabel('Assignee').inputValue(), 'nobody');
    fine();
  });

  /* F25, F29 */
  test('generates a CSR, keeps it, and takes the certificate that was made of it', async () => {
    await page.goto('/certificates/add?how=csr');
    await text('Names').fill('bad_name.example.org');
    await button('Generate CSR').click();
    await page.getByText('a DNS name has no underscore').waitFor();
    await text('Names').fill('api.example.org\n192.0.2.7\nops@example.org');
    for (const kind of ['DNS: api.example.org', 'IP: 192.0.2.7', 'E-mail: ops@example.org']) await page.getByText(kind).waitFor();
    await button('Generate CSR').click();
    await page.getByText('-----BEGIN CERTIFICATE REQUEST-----').waitFor();
    await button('Save for later').click();
    await heading('CSRs').waitFor();
    await page.getByRole('row', { name: /api\.example\.org/ }).getByRole('link', { name: 'Upload the signed one' }).click();
    await page.getByRole('radio', { name: 'api.example.org' }).waitFor();
    assert.ok(await page.getByRole('radio', { name: 'api.example.org' }).isChecked());
    await text('Certificate').fill('-----BEGIN CERTIFICATE-----OTHER');
    await button('Import certificate').click();
    await page.getByText(/not of this CSR's key|it has another key/).first().waitFor();
    await text('Certificate').fill('-----BEGIN CERTIFICATE-----');
    await button('Import certificate').click();
    await heading(/imported\.example\.org/).waitFor();
    fine();
  });

  /* F30 */
  test('names what its tabs and buttons are for those who do not see them', async () => {
    await page.goto('/certificates/1?tab=versions');
    await page.getByRole('tabpanel', { name: 'Versions' }).waitFor();
    const astray = await page.evaluate(() => [...document.querySelectorAll('[role=tab]')]
      .filter((tab) => !document.getElementById(tab.getAttribute('aria-controls') ?? '')).length);
    assert.equal(astray, 0);
    /* WCAG 2.5.3: what is read on a button is said of it, too. */
    for (const path of ['/certificates/1', '/jobs', '/settings/business-groups']) {
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('[role=tab], tbody td').first().waitFor();
      const unsaid = await page.evaluate(() => [...document.querySelectorAll('a[aria-label], button[aria-label]')]
        .filter((e) => !e.getAttribute('aria-label').toLowerCase().includes(e.innerText.trim().toLowerCase()))
        .map((e) => e.getAttribute('aria-label')));
      assert.deepEqual(unsaid, []);
    }
    /* WCAG 1.4.3: a warning can be read on white. */
    const warning = await page.evaluate(() => {
      const shown = document.body.appendChild(Object.assign(document.createElement('span'), { className: 'cd-warn' }));
      return getComputedStyle(shown).color.match(/\d+/g).map(Number);
    });
    assert.ok(0.2126 * warning[0] + 0.7152 * warning[1] + 0.0722 * warning[2] < 118, String(warning));
    fine();
  });

  test('shows what two versions differ in', async () => {
    await page.goto('/certificates/1?tab=versions');
    await page.getByText('+ shop.example.org').waitFor();
    await page.getByText('− old.example.org').waitFor();
    const [request] = await Promise.all([
      page.waitForRequest(/\/diff\//),
      page.getByLabel('Before', { exact: true }).selectOption({ index: 2 }),
    ]);
    assert.match(request.url(), /versions\/[0-9a-f]{64}\/diff\/[0-9a-f]{64}$/);
    fine();
  });

  /* F30 */
  test('replaces a renewed certificate, and asks again when the new one is no successor', async () => {
    await page.goto('/certificates/1');
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Update after renewal' }).click();
    await dialog().getByRole('textbox', { name: /^New certificate( ?\*)?$/ }).fill('-----BEGIN CERTIFICATE-----SHORT');
    await dialog().getByRole('button', { name: 'Update', exact: true }).click();
    await dialog().getByText('it does not cover www.example.org').first().waitFor();
    assert.ok(await dialog().getByRole('button', { name: 'Replace anyway' }).isDisabled());
    await dialog().getByLabel('I am sure: replace it anyway').check();
    await dialog().getByRole('button', { name: 'Replace anyway' }).click();
    await gone();
    assert.equal(server.state.world.lastForm.confirm, 'true');
    fine();
  });

  /* F30 */
  test('associates a certificate with a resource, swaps and disassociates it', async () => {
    await page.goto('/certificates/3?tab=resources');
    await button('Associate with a resource').click();
    await dialog().getByLabel('Resource').fill('mail');
    await dialog().getByLabel('Place').fill('smtp');
    await dialog().getByRole('button', { name: 'Associate' }).click();
    await gone();
    await page.getByRole('row', { name: /mail.*smtp/ }).waitFor();
    await button('Actions for mail').click();
    await page.getByRole('menuitem', { name: 'Swap for another certificate' }).click();
    await dialog().getByLabel('New certificate').fill('api.example.com');
    await dialog().getByRole('radio', { name: /api\.example\.com/ }).first().check();
    const { world } = server.state;
    const taken = world.associations.splice(world.associations.findIndex((a) => a.resource === 2), 1);
    await dialog().getByRole('button', { name: 'Save changes' }).click();
    await dialog().getByText(/is not there any more: somebody else has changed it/).waitFor();
    world.associations.push(...taken);
    await dialog().getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('On no resource').waitFor();
    assert.deepEqual(server.state.world.associations.filter((a) => a.resource === 2).map((a) => [a.slot, a.certificate]), [['smtp', 5]]);
    fine();
  });

  /* F30 */
  test('saves all changes of a resource in one step', async () => {
    await page.goto('/resources/1');
    assert.ok(await button('Save changes').isDisabled());
    await button('Swap www.example.org').click();
    await dialog().getByLabel('Certificate', { exact: true }).fill('vpn');
    await dialog().getByRole('radio', { name: /vpn/ }).check();
    await dialog().getByRole('button', { name: 'Choose' }).click();
    await gone();
    await button('Remove shop.example.org').click();
    await page.getByText('To be removed').waitFor();
    await button('Save changes').click();
    await page.getByText('The changes are saved').waitFor();
    assert.deepEqual(server.state.world.associations.filter((a) => a.resource === 1).map((a) => [a.slot, a.certificate]), [[':443', 4]]);
    fine();
  });

  /* F9 */
  test('says who may do what with a certificate', async () => {
    await page.goto('/certificates/1?tab=access');
    const row = (name) => page.getByRole('grid', { name: 'Access' }).getByRole('row', { name });
    await row(/alice Owner Everything Yes/).waitFor();
    await row(/ops Group Everything but changing the owner No/).waitFor();
    fine();
  });

  /* F24 */
  test('tags many certificates, lists what came of each, and takes it back', async () => {
    await page.goto('/certificates?q=host-1');
    await page.getByText(/1–\d+ of \d+/).waitFor();
    await page.getByRole('checkbox', { name: 'Select row 0' }).check();
    await page.getByRole('checkbox', { name: 'Select row 1' }).check();
    await button('Tag').click();
    await dialog().getByLabel('Tags').fill('critical');
    await dialog().getByRole('button', { name: 'Add tags' }).click();
    await page.getByText('Tag 2 certificates: 2 done').waitFor();
    await button('Show what came of each').click();
    assert.equal(await page.getByRole('grid', { name: 'Result for each certificate' }).getByRole('row').count(), 3);
    assert.equal(server.state.world.certificates.filter((c) => c.tags.includes('critical')).length, 2);
    await button('Undo').click();
    await page.getByText('Undo “Tag 2 certificates”: 2 done').waitFor();
    assert.equal(server.state.world.certificates.filter((c) => c.tags.includes('critical')).length, 0);
    assert.equal(await button('Undo').count(), 0);
    fine();
  });

  /* F24, F31 */
  test('deletes everything that matches only when told so twice, and names what stays', async () => {
    await page.goto('/certificates?tag=public');
    await page.getByRole('button', { name: /Select all \d+ that match/ }).click();
    await button('Delete').click();
    assert.ok(await dialog().getByRole('button', { name: 'Delete' }).isDisabled());
    await dialog().getByLabel(/Delete all \d+ that match/).check();
    await dialog().getByRole('button', { name: 'Delete' }).click();
    await page.getByText(/1 failed/).waitFor();
    await page.getByText('it belongs on lb-1').waitFor();
    await page.getByText(/^Warning alert:Delete \d+ certificates: \d+ done, 1 failed$/).waitFor();
    const rows = page.getByRole('grid', { name: 'Result for each certificate' }).getByRole('row');
    assert.equal(await rows.filter({ hasText: 'Failed' }).getByRole('link').count(), 1);
    assert.ok(await rows.filter({ hasText: 'Done' }).count() > 0);
    assert.equal(await rows.filter({ hasText: 'Done' }).getByRole('link').count(), 0);
    assert.deepEqual(server.state.world.lastAction, { action: 'delete', filter: { tag: 'public' } });
    fine();
  });

  /* F31 */
  test('says before asking that a certificate in use cannot be deleted, and that a key goes with one that can', async () => {
    await page.goto('/certificates/1');
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await dialog().getByText(/belongs on lb-1/).waitFor();
    await dialog().getByRole('button', { name: 'Show its resources' }).click();
    await gone();
    await page.getByRole('tab', { name: 'Resources', selected: true }).waitFor();
    Object.assign(server.state.world.certificates[2], { has_private_key: true, resources: [] });
    await page.goto('/certificates/3');
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await dialog().getByText(/private key goes with it/).waitFor();
    await dialog().getByRole('button', { name: 'Delete' }).click();
    await gone();
    fine();
  });

  /* F10 */
  test('exports what is filtered', async () => {
    await page.goto('/certificates?status=expired&field.cost_centre=4711');
    await page.getByText('Cost centre: 4711').waitFor();
    const [request] = await Promise.all([page.waitForRequest(/certificates\.csv/), page.getByRole('button', { name: /^Export/ }).click()]);
    const search = new URL(request.url()).searchParams;
    assert.equal(search.get('status'), 'expired');
    assert.equal(search.get('field.cost_centre'), '4711');
  });

  /* F24 */
  test('saves a view, and shows it first next time', async () => {
    await page.goto('/certificates?tag=web&sort=name');
    await button('Saved views').click();
    await page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await dialog().getByLabel('Name').fill('The web');
    await dialog().getByLabel('Show it first').check();
    await dialog().getByRole('button', { name: 'Save' }).click();
    await gone();
    assert.deepEqual(server.state.world.views[2].query, { tag: 'web', sort: 'name' });
    await page.goto('/');
    await page.goto('/certificates');
    await page.waitForURL(/tag=web/);
    await page.getByText('Tag: web').waitFor();
    await button('Saved views').click();
    await page.getByRole('menuitem', { name: 'Mine that end soon' }).click();
    await page.getByRole('columnheader', { name: 'Tags' }).waitFor();
    assert.match(page.url(), /status=expiring_soon/);
    assert.doesNotMatch(page.url(), /tag=web/);
    fine();
  });

  /* F24 */
  test('shows and filters by a custom field', async () => {
    await page.goto('/certificates');
    await button('Columns to show').click();
    await page.getByRole('option', { name: 'Cost centre' }).or(page.getByRole('menuitem', { name: 'Cost centre' })).first().click();
    await page.getByRole('columnheader', { name: 'Cost centre' }).waitFor();
    await page.keyboard.press('Escape');
    await button('More filters').click();
    await page.getByLabel('Zone').selectOption('outside');
    await button('Filter').click();
    await page.waitForURL(/field\.zone=outside/);
    await page.getByText('Zone: outside').waitFor();
    fine();
  });

  /* F10 */
  test('looks through a CSV file, shows what would happen, then imports it', async () => {
    await page.goto('/imports');
    await page.getByLabel('CSV file').setInputFiles(file('certs.csv', 'name,host\na,b\n'));
    await button('Show what would happen').click();
    await heading('certs.csv').waitFor();
    await page.getByText('1 certificate would be added, 1 changed').waitFor();
    await page.getByText('Line 5, port: 70000 is above 65535').waitFor();
    assert.match(await page.getByRole('link', { name: 'Download the refused rows with their reasons' }).getAttribute('href'), /imports\/1\/errors\.csv$/);
    await page.getByRole('button', { name: /Would change/ }).click();
    await page.getByText('The web site').waitFor();
    await button('Import 2 certificates').click();
    await page.getByText('1 certificate added, 1 changed, 1 refused').waitFor();
    assert.deepEqual(server.state.world.imports.map((i) => i.dry_run), [false, true]);
    fine();
  });
});
