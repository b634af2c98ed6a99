/* The life of a certificate by its ticket, profiles and CAs: the page against the stand-in server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachOnAFreshPage, hasBrowser } from './browser.mjs';
import { csrText } from './fixtures/lifecycle.mjs';

const windowRefusal = "The certificate's profile does not allow renewal outside of the configured expiry window";

describe('the life of a certificate', { skip: hasBrowser ? false : 'there is no Chromium' }, () => {
  let server;
  let page;
  let opened;
  let wrong;

  eachOnAFreshPage((fresh) => ({ server, opened, page, wrong } = fresh));

  const heading = (name) => page.getByRole('heading', { level: 1, name });
  const button = (name) => page.getByRole('button', { name, exact: true });
  const link = (name) => page.getByRole('link', { name, exact: true });
  /* A field by its whole label; that of a required one ends in a star. */
  const field = (name) => page.getByRole('main').getByLabel(new RegExp(`^${name}\\s*\\*?$`));
  const dialog = () => page.getByRole('dialog');
  const inDialog = (name) => dialog().getByRole('button', { name, exact: true });
  const gone = () => dialog().waitFor({ state: 'detached' });
  const fine = () => {
    assert.deepEqual(opened.faults, []);
    assert.deepEqual([...wrong], []);
  };

  /* F14 */
  test('filters tickets, and keeps the filter in the address', async () => {
    await page.goto('/tickets');
    await link('CERT-101').waitFor();
    await field('Profile').selectOption('Internal servers');
    await page.getByLabel('Show', { exact: true }).selectOption('Certificate Enrolled');
    await link('CERT-103').waitFor();
    await link('CERT-101').waitFor({ state: 'detached' });
    assert.match(page.url(), /profile=Internal\+servers/);
    assert.match(page.url(), /status=certificate_enrolled/);
    await page.reload();
    await link('CERT-103').waitFor();
    await field('Search tickets').fill('nothing like it');
    await button('Show all open tickets').click();
    await link('CERT-101').waitFor();
    fine();
  });

  /* F11 */
  test('shows tickets by stage on a board', async () => {
    await page.goto('/tickets?view=board');
    const column = page.getByRole('region', { name: 'Certificate Request' });
    await column.getByRole('link', { name: /CERT-101/ }).waitFor();
    await column.getByLabel('2 tickets').waitFor();
    await page.getByRole('region', { name: 'Certificate Enrolled' }).getByRole('link', { name: /CERT-103/ }).waitFor();
    const titles = await page.getByRole('group', { name: 'Board' }).getByRole('region').evaluateAll((all) => all.map((c) => c.getAttribute('aria-label')));
    assert.equal(titles.at(-1), 'Done'); /* what is over stands last */
    fine();
  });

  /* F11 */
  test('narrows the board to a person, a label and words, by the keyboard', async () => {
    await page.goto('/tickets?view=board');
    const column = page.getByRole('region', { name: 'Certificate Request' });
    await column.getByLabel('2 tickets').waitFor();
    await field('Search tickets').focus();
    const reach = async (locator) => {
      for (let i = 0; i < 20 && !await locator.evaluate((e) => e === document.activeElement); i++) await page.keyboard.press('Tab');
      assert.ok(await locator.evaluate((e) => e === document.activeElement));
    };
    await reach(field('Assignee'));
    await page.keyboard.type("Nobody's");
    await column.getByLabel('1 ticket').waitFor();
    assert.match(page.url(), /assignee=-/);
    await column.getByRole('link', { name: /CERT-101/ }).waitFor({ state: 'detached' });
    await field('Assignee').selectOption('bob');
    await column.getByRole('link', { name: /CERT-101/ }).waitFor();
    await field('Assignee').selectOption('');
    await reach(field('Label'));
    await page.keyboard.type('shop');
    await column.getByLabel('1 ticket').waitFor();
    await column.getByRole('link', { name: /CERT-101/ }).waitFor();
    assert.match(page.url(), /label=shop/);
    await field('Label').fill('');
    await column.getByLabel('2 tickets').waitFor();
    await column.getByRole('link', { name: 'shop' }).click();
    await column.getByLabel('1 ticket').waitFor();
    assert.equal(await field('Label').inputValue(), 'shop');
    fine();
  });

  /* F20 */
  test('shows a ticket at the address that Jira has for it', async () => {
    await page.goto('/browse/CERT-101');
    await button('More actions').waitFor();
    assert.match(await page.getByRole('main').innerText(), /CERT-101/);
    fine();
  });

  /* F11 */
  test('edits a ticket: the day by which it is to be done', async () => {
    await page.goto('/tickets/CERT-101');
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await dialog().getByLabel('Due').fill('2031-05-01');
    await inDialog('Save').click();
    await gone();
    assert.equal(server.state.world.certificateTickets.find((t) => t.key === 'CERT-101')?.due_at, '2031-05-01T00:00:00Z');
    fine();
  });

  /* F11, F12 */
  test('creates a ticket from a CSR, and says beforehand what the profile does not allow', async () => {
    await page.goto('/tickets');
    await link('Create ticket').click();
    await field('Certificate profile').selectOption('Internal servers');
    const csr = page.getByRole('textbox', { name: 'Certificate CSR text', exact: true });
    await csr.fill(csrText.replace('GOOD', 'WEAK'));
    await page.getByRole('list', { name: 'Rules broken' }).getByText('RSA with 1024 bits is too short').waitFor();
    await button('Create ticket').click();
    await page.getByText('RSA with 1024 bits is too short').first().waitFor();
    await csr.fill(csrText);
    await page.getByText('The profile allows it').waitFor();
    await button('About the ticket and the certificate').click();
    await field('Summary').fill('For the shop');
    await field('Share with').fill('ops, bob');
    await button('Create ticket').click();
    await page.getByText(/CERT-\d+- For the shop has been created/).waitFor();
    await heading(/For the shop/).waitFor();
    const { csr: given, share, profile } = server.state.world.lastTicket;
    assert.deepEqual({ given: given.trim(), share, profile }, { given: csrText.trim(), share: { users: ['bob'], groups: ['ops'] }, profile: 'Internal servers' });
    fine();
  });

  /* F12 */
  test('asks for names where certdesk makes the key, with each broken rule at its field', async () => {
    await page.goto('/certificates/add');
    await link('Request from a profile').click();
    await field('Certificate profile').selectOption('Internal servers');
    await field('certdesk makes the key').check();
    await field('Names').fill('shop.example.org\nshop.example.net');
    await page.getByRole('list', { name: 'Rules broken' }).getByText(/shop\.example\.net is outside/).waitFor();
    assert.equal(await page.getByText('O is required').count(), 2);
    await field('Names').fill('shop.example.org');
    await field('Organisation').fill('Example');
    await page.getByText('The profile allows it').waitFor();
    await page.getByText('The profile adds C=DE.').waitFor();
    await button('Create ticket').click();
    await heading(/A new certificate/).waitFor();
    const { sans, subject, key } = server.state.world.lastTicket;
    assert.deepEqual({ sans, subject, key }, { sans: [{ type: 'dns', value: 'shop.example.org' }], subject: { CN: 'shop.example.org', O: 'Example' }, key: { algorithm: 'ec', curve: 'P-256' } });
    fine();
  });

  /* F13: the server does it once for each key. */
  test('asks again with the same key when no answer came', async () => {
    const keys = [];
    await page.route('**/transitions', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      keys.push(route.request().headers()['idempotency-key']);
      return keys.length === 1 ? route.abort() : route.continue();
    });
    await page.goto('/tickets/CERT-101');
    await button('Enroll Certificate').click();
    await inDialog('Enroll Certificate').click();
    await dialog().getByText('the server cannot be reached').waitFor();
    await inDialog('Enroll Certificate').click();
    await page.getByText('CERT-101 has been updated').waitFor();
    await button('Renew Certificate').click();
    await inDialog('Renew Certificate').click();
    await dialog().getByText(windowRefusal).waitFor();
    assert.equal(keys.length, 3);
    assert.match(keys[0], /^[0-9a-f]{32}$/);
    assert.equal(keys[1], keys[0]);
    assert.notEqual(keys[2], keys[0]);
    fine();
  });

  /* F13, F15, F17 */
  test('enrolls, renews and revokes from the ticket, and shows how it comes along', async () => {
    await page.goto('/tickets/CERT-101');
    await button('Enroll Certificate').click();
    await inDialog('Enroll Certificate').click();
    await page.getByText('CERT-101 has been updated').waitFor();
    await page.getByText('The certificate is being enrolled').waitFor();
    await heading(/Certificate enrolled:app-101\.example\.org/).waitFor();
    await link('app-101.example.org.pem').waitFor();
    await page.getByText('C-3000').waitFor();

    await button('Renew Certificate').click();
    await inDialog('Renew Certificate').click();
    await dialog().getByText(windowRefusal).waitFor();
    await dialog().getByLabel("Also outside of the profile's expiry window").check();
    await inDialog('Renew Certificate').click();
    await page.getByText('C-4000').waitFor();

    await button('Revoke Certificate').click();
    await dialog().getByLabel('Reason').selectOption({ label: 'Replaced by another (superseded)' });
    await dialog().getByLabel('Comment').fill('no longer needed');
    await inDialog('Revoke Certificate').click();
    await page.getByText('Certificate Revoked').first().waitFor();
    assert.deepEqual(server.state.world.lastTransition, { transition: 'revoke', reason: 'superseded', comment: 'no longer needed' });
    fine();
  });

  /* F33 */
  test('shows at once that it is served, and the ticket resolved', async () => {
    await page.goto('/tickets/CERT-103');
    await page.getByText('1 of 2 do not serve it yet').waitFor();
    await page.getByText('Looking whether it is served').first().waitFor();
    const { world } = server.state;
    const ticket = world.certificateTickets.find((t) => t.key === 'CERT-103');
    ticket.expected_at[1].seen = true;
    world.deployments.find((d) => d.state === 'proving').state = 'seen';
    await page.getByText('It is served everywhere.').waitFor({ timeout: 6000 });
    ticket.status = 'certificate_revoked';
    await page.reload();
    await page.getByText('Revoked, and still served by 2 endpoints: replace it there.').waitFor();
    ticket.expected_at.forEach((e) => { e.seen = false; });
    await page.reload();
    await page.getByText('Certificate Revoked').first().waitFor();
    assert.equal(await page.getByText('Where it is').count(), 0);
    fine();
  });

  test('shows the ticket as it is when somebody else was faster', async () => {
    await page.goto('/tickets/CERT-101');
    await button('Enroll Certificate').click();
    server.state.world.certificateTickets[0].status = 'cancelled';
    await inDialog('Enroll Certificate').click();
    await dialog().getByText(/not possible/).waitFor();
    await page.getByText('Cancelled').first().waitFor();
    await page.keyboard.press('Escape');
    await gone();
    await button('Enroll Certificate').waitFor({ state: 'detached' });
    fine();
  });

  test('keeps the focus in the page when the button that was pressed is gone', async () => {
    await page.goto('/tickets/CERT-101');
    await button('Cancel').press('Enter');
    await dialog().waitFor();
    await page.keyboard.press('Escape');
    await gone();
    await page.waitForFunction(() => document.activeElement?.textContent === 'Cancel');
    await page.keyboard.press('Enter');
    await inDialog('Cancel').first().press('Enter');
    await gone();
    await page.getByText('Cancelled').first().waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'main');
    fine();
  });

  test('says what goes wrong while an order is under way', async () => {
    await page.goto('/tickets/CERT-104');
    await page.getByText(/The last try failed: the CA does not answer/).waitFor();
    fine();
  });

  test('approves, and shows who did', async () => {
    await page.goto('/tickets/CERT-102');
    await page.getByText('1 of 2 approvals given; the group ops approves.').waitFor();
    const weight = () => button('Enroll Certificate').evaluate((b) => b.className.match(/pf-m-(primary|secondary)/)[1]);
    assert.equal(await weight(), 'secondary', 'it would be refused: Approve is what is to be done');
    await button('Approve').click();
    await inDialog('Approve').click();
    await gone();
    await page.getByText('Approved by 2 people.').waitFor();
    assert.equal(await weight(), 'primary');
    await button('Approve').waitFor({ state: 'detached' });
    fine();
  });

  test('adds, edits and deletes comments, of others only as an admin', async () => {
    await page.goto('/tickets/CERT-1');
    await field('Comment').fill('I will look');
    await button('Add comment').click();
    await page.getByText('I will look').waitFor();
    await button('Actions for the comment of admin').click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await dialog().getByLabel('Comment').fill('I have looked');
    await inDialog('Save').click();
    await page.getByText('I have looked').waitFor();
    await page.getByText(/, edited$/).waitFor();
    await button('Actions for the comment of bob').click();
    assert.equal(await page.getByRole('menuitem', { name: 'Edit' }).count(), 0);
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await inDialog('Delete').click();
    await page.getByText('I have ordered a new one.').waitFor({ state: 'detached' });
    fine();
  });

  test('attaches, offers and deletes files', async () => {
    await page.goto('/tickets/CERT-103');
    const pem = link('app-103.example.org.pem');
    assert.equal(await pem.getAttribute('href'), '/api/v1/tickets/CERT-103/attachments/1');
    await page.getByLabel('File to attach').setInputFiles({ name: 'big.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(1024 * 1024 + 1) });
    await page.getByText('it is larger than 1.0 MiB').waitFor();
    await page.getByLabel('File to attach').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') });
    await link('notes.txt').waitFor();
    await button('Delete notes.txt').click();
    await inDialog('Delete').click();
    await link('notes.txt').waitFor({ state: 'detached' });
    fine();
  });

  test('watches, and has others watch', async () => {
    await page.goto('/tickets/CERT-101');
    await page.getByText('bob', { exact: true }).first().waitFor();
    await button('Watch it').click();
    await button('Stop watching').waitFor();
    await field('Add a watcher').fill('carol');
    await button('Add').click();
    await button('carol no longer watches').click();
    await button('carol no longer watches').waitFor({ state: 'detached' });
    fine();
  });

  /* F13, F33 */
  test('shows where it is expected, and whether deployments were seen', async () => {
    await page.goto('/tickets/CERT-103');
    const expected = page.getByRole('list', { name: 'Where it is expected' });
    await expected.getByText('app-103.example.org:8443').waitFor();
    await page.getByText('Issued is not served: 1 of 2 do not serve it yet.').waitFor();
    await page.getByText('Put back: issued, not served').waitFor();
    await page.getByText(/still presents the previous certificate/).waitFor();
    await button('Try again: edge').click();
    await page.getByText('Put back: issued, not served').waitFor({ state: 'detached' });
    fine();
  });

  /* F18 */
  test('has a certificate revoked that was enrolled elsewhere, by number and domain', async () => {
    await page.goto('/tickets/new?type=revoke_certificate');
    await field('Certificate profile').selectOption('Internal servers');
    await field('Reason').selectOption({ label: 'The key is compromised (keyCompromise)' });
    await field('Certificate ID').fill('C-1');
    await field('Certificate domain').fill('app-103.example.org');
    await button('Create ticket and revoke').click();
    await page.getByText('no certificate has this number and this domain').waitFor();
    await field('Certificate ID').fill('C-2103');
    await button('Create ticket and revoke').click();
    await page.getByText('CERT-150- Revoke app-103.example.org has been revoked').waitFor();
    fine();
  });

  /* F16, F49 */
  test('says when a certificate will renew, and why; renews and revokes it', async () => {
    await page.goto('/certificates/3');
    await page.getByText('It renews by itself when a third of its 90 days is left.').waitFor();
    await button('Renew').click();
    await dialog().getByText(windowRefusal).waitFor();
    assert.equal(await inDialog('Renew').isDisabled(), true);
    await dialog().getByLabel('Renew it all the same').check();
    await inDialog('Renew').click();
    await heading(/CERT-103/).waitFor();
    assert.deepEqual(server.state.world.lastLife, { id: 3, what: 'renew', force: true });
    await page.goto('/certificates/3');
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Revoke' }).click();
    await inDialog('Revoke').click();
    await heading(/CERT-103/).waitFor();
    assert.deepEqual(server.state.world.lastLife, { id: 3, what: 'revoke', reason: 'unspecified' });
    fine();
  });

  test('says why a monitored certificate cannot be renewed', async () => {
    await page.goto('/certificates/1');
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Renew', exact: true }).click();
    await dialog().getByText(/No profile issues it, so certdesk cannot renew it/).waitFor();
    await inDialog('Request it from a profile').click();
    await heading('Enroll from a profile').waitFor();
    assert.match(page.url(), /certificate=1/);
    await field('Certificate profile').selectOption('Internal servers');
    assert.equal(await page.getByLabel('certdesk makes the key').isChecked(), true, 'the present key is here, too');
    assert.match(await field('Names').inputValue(), /\w+\.\w+/, 'the names of the present certificate');
    await page.getByLabel('I have a CSR').check();
    await page.getByRole('textbox', { name: 'Certificate CSR text', exact: true }).fill(csrText);
    await button('Enroll certificate').click();
    await heading(/A new certificate/).waitFor();
    fine();
  });

  /* F32 */
  test('adds an HAProxy with its places and endpoints, and says at the field what is wrong', async () => {
    await page.goto('/resources');
    await link('Add resource').click();
    await field('Name').fill('edge-2');
    await field('Path of the socket').fill('haproxy.sock');
    await page.getByRole('group', { name: 'Place 1' }).getByLabel(/^Place\s*\*?$/).fill('www');
    await page.getByRole('group', { name: 'Place 1' }).getByLabel('Certificate in HAProxy').fill('/certs/www.pem');
    await button('Add a place').click();
    await page.getByRole('group', { name: 'Endpoint 1' }).getByLabel('Host').fill('www.example.org');
    await button('Add an endpoint').click();
    const second = page.getByRole('group', { name: 'Endpoint 2' });
    await second.getByLabel('Host').fill('nowhere');
    await second.getByLabel('Serves the certificate of').selectOption('www');
    await button('Add').click();
    await page.getByText('"haproxy.sock" is no absolute path').first().waitFor();
    await field('Path of the socket').fill('/run/haproxy.sock');
    await button('Add').click();
    await second.getByText('there is no such host').waitFor();
    await second.getByLabel('Host').fill('www2.example.org');
    await button('Add').click();
    await heading(/edge-2/).waitFor();
    const { settings, slots, endpoints, type } = server.state.world.resources.at(-1);
    assert.deepEqual({ type, settings, slots }, { type: 'haproxy', settings: { socket: '/run/haproxy.sock' }, slots: [{ slot: 'www', certificate: '/certs/www.pem' }] });
    assert.deepEqual(endpoints.map((e) => [e.host, e.slot]), [['www.example.org', null], ['www2.example.org', 'www']]);
    fine();
  });

  /* F32, F33 */
  test('tests a resource, deploys to it, and shows each address', async () => {
    await page.goto('/resources/3');
    await button('Test').click();
    await dialog().getByText('It answers: HAProxy 2.6.12').waitFor();
    await dialog().getByText('HAProxy does not know it').waitFor();
    server.state.world.isEdgeDown = true;
    await inDialog('Test again').click();
    await dialog().getByText('connection refused').waitFor();
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await gone();
    await page.getByText(/2001:db8::1 still presents the previous certificate/).waitFor();
    await page.getByRole('list', { name: 'Addresses of edge' }).first().getByText('www.example.org:443 at 192.0.2.1').waitFor();
    await page.getByLabel('Place of host-20.example.org').selectOption('shop.pem');
    await button('Deploy').click();
    await page.getByText('1 deployment started').waitFor();
    await page.goto('/certificates/3?tab=deployments');
    await page.getByText('Served everywhere').waitFor();
    fine();
  });

  test('makes a profile, refuses at the field, and edits it', async () => {
    await page.goto('/profiles');
    await link('Add profile').click();
    await field('Name').fill('Shops');
    await field('CA').selectOption('internal');
    await field('Domains').fill('shop_.example.org');
    await field('IP addresses').selectOption('Only these');
    await field('Networks').fill('10.0.0.0/8');
    await field('Organisation').selectOption('Always this');
    await field('Organisation, always').fill('Example');
    await field('Approvals needed').fill('1');
    await field('Of the group').fill('ops');
    await button('Add profile').click();
    await page.getByText('this is no domain').first().waitFor();
    await field('Domains').fill('*.shop.example.org');
    await button('Add profile').click();
    await link('Shops').click();
    await heading('Shops').waitFor();
    const made = server.state.world.profiles.find((p) => p.name === 'Shops');
    assert.deepEqual(made.names, { domains: ['*.shop.example.org'], wildcards: false, ip: ['10.0.0.0/8'], email: false, uri: false, max_names: 100, subject: { required: [], allowed: [], fixed: { O: 'Example' } } });
    assert.deepEqual(made.approvals, { needed: 1, group: 'ops' });
    await field('Lifetime in days').fill('47');
    await button('Save').click();
    await page.getByText('The profile Shops is saved').first().waitFor();
    assert.equal(server.state.world.profiles.find((p) => p.name === 'Shops').lifetime_days, 47);
    fine();
  });

  /* F16 */
  test('forces the renewal of a whole profile only after asking, and stops it', async () => {
    await page.goto('/profiles/Internal%20servers');
    await button('Force renewal').click();
    await dialog().getByText(/Every certificate of the profile Internal servers/).waitFor();
    await inDialog('Renew all of them').click();
    await page.getByText('All certificates of this profile are being renewed').waitFor();
    await button('Stop').click();
    await inDialog('Stop').click();
    await button('Force renewal').waitFor();
    fine();
  });

  /* F21 */
  test('makes a root by a short wizard, and an intermediate whose CSR another signs', async () => {
    await page.goto('/cas');
    await link('Make a CA').click();
    await field('Common name').fill('Example Root 1');
    assert.equal(await field('Name in addresses').inputValue(), 'example-root-1');
    await button('Next').click();
    await page.getByText('The public URL stands in every certificate that it signs').waitFor();
    await field('Public URL').fill('ftp://nowhere');
    await button('Make the root').click();
    await page.getByText('not an http URL').first().waitFor();
    await field('Public URL').fill('http://pki.example.org');
    await field('Only for these names').fill('example.org');
    await button('Make the root').click();
    await heading(/example-root-1/).waitFor();
    const { kind, subject, key, name_constraints: constraints } = server.state.world.lastCa;
    assert.deepEqual({ kind, subject, key, constraints }, { kind: 'root', subject: { CN: 'Example Root 1' }, key: { algorithm: 'ec', curve: 'P-384' }, constraints: { permitted: ['example.org'], excluded: [] } });

    await page.goto('/cas/branch');
    await field('CSR').getByText('MIIBGOOD').waitFor();
    const chain = page.getByRole('textbox', { name: 'Signed certificate and its chain', exact: true });
    await chain.fill('nothing');
    await button('Install certificate').click();
    await page.getByText('there is no certificate in it').waitFor();
    await chain.fill('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
    await button('Install certificate').click();
    await page.getByText('Active', { exact: true }).waitFor();
    fine();
  });

  test('shows the CRL of a CA, makes a new one, and disables the CA', async () => {
    await page.goto('/cas/internal');
    await page.getByText('17', { exact: true }).waitFor();
    await button('Make a new CRL now').click();
    await page.getByText('18', { exact: true }).waitFor();
    await page.getByRole('grid', { name: 'Issued certificates' }).getByText('The key is compromised').waitFor();
    await button('More actions').click();
    await page.getByRole('menuitem', { name: 'Disable' }).click();
    await inDialog('Disable').click();
    await page.getByText('Disabled', { exact: true }).waitFor();
    fine();
  });

  /* F13, F21 */
  test('says on the dashboard what is amiss with a CA, and what was issued and never seen', async () => {
    server.state.world.caTroubles = [{ name: 'internal', trouble: 'crl_stale', message: 'its CRL should have been signed anew 3 days ago' }];
    server.state.world.certificates[2].endpoints_summary.total = 0;
    await page.goto('/');
    await page.getByText(/its CRL should have been signed anew/).waitFor();
    await page.getByText('Issued, never seen').waitFor();
    await link('All of them (1)').click();
    await link('mail.example.org').waitFor();
    fine();
  });

  /* F43 */
  test('shows jobs by state, with the way to try a failed one again', async () => {
    server.state.world.jobs.set(200, {
      id: 200, type: 'order', state: 'failed', object_id: 3, progress: { done: 0, total: 0 }, result: null, error: 'the CA does not answer', actor: null, created_at: '2026-01-01T00:00:00Z',
      started_at: '2026-01-01T00:00:00Z', finished_at: '2026-01-01T00:01:00Z', final: null,
    });
    await page.goto('/jobs');
    await button('Failures').click();
    await page.getByText('the CA does not answer').waitFor();
    assert.match(page.url(), /state=failed/);
    await button('Retry job 200').waitFor();
    await button('Queue').click();
    await page.getByText('Nothing waits.').waitFor();
    fine();
  });

  /* F42 */
  test('downloads a backup, or says how to make a recovery key first', async () => {
    await page.goto('/settings/vault');
    const [file] = await Promise.all([page.waitForEvent('download'), button('Download a backup').click()]);
    assert.equal(file.suggestedFilename(), 'certdesk.backup');
    await page.getByText('certdesk.backup: 6 bytes').waitFor();
    server.state.world.hasNoRecoveryKey = true;
    await button('Download a backup').click();
    await page.getByText('there is no recovery key').waitFor();
    await page.getByText('certdesk key recovery FILE').waitFor();
    fine();
  });

  test('fits a phone: nothing is wider than the screen', async () => {
    await page.setViewportSize({ width: 375, height: 812 });
    Object.assign(server.state.world.certificateTickets[0], { summary: 'W'.repeat(250), domain: `${'a'.repeat(63)}.example.org`, description: 'z'.repeat(2000), labels: ['l'.repeat(64)] });
    for (const path of ['/tickets', '/tickets?view=board', '/tickets/CERT-101', '/tickets/CERT-103', '/tickets/new?profile=Internal+servers', '/profiles', '/profiles/new', '/cas', '/cas/new', '/cas/internal', '/resources/3', '/resources/new', '/certificates/3', '/jobs']) {
      await page.goto(path);
      await page.waitForLoadState('networkidle');
      const widths = await page.evaluate(() => [document.documentElement, document.getElementById('main')].map((e) => [e.scrollWidth, e.clientWidth]));
      for (const [inner, outer] of widths) assert.ok(inner <= outer, `${path}: ${inner} of ${outer}`);
    }
    fine();
  });

  /* WCAG 2.5.3: who says "click Run now" to the machine is understood. */
  test('calls buttons by what stands on them', async () => {
    for (const path of ['/jobs', '/tickets/CERT-103', '/certificates/3', '/settings/notifications', '/resources/3', '/profiles', '/cas/internal', '/tickets?view=board', '/settings/account']) {
      await page.goto(path);
      await page.waitForLoadState('networkidle');
      const wrongly = await page.evaluate(() => [...document.querySelectorAll('button[aria-label], a[aria-label]')]
        .map((e) => [e.innerText.trim(), e.getAttribute('aria-label')]).filter(([text, label]) => !label.toLowerCase().includes(text.toLowerCase())));
      assert.deepEqual(wrongly, [], path);
    }
    fine();
  });

  test('shows what failed to load, and tries again', async () => {
    for (const [path, calls] of [['/tickets?view=board', /board/], ['/profiles', /profiles/], ['/cas', /cas/], ['/tickets/CERT-101', /CERT-101$/]]) {
      server.state.fail = calls;
      await page.goto(path);
      await page.getByText('This could not be loaded').first().waitFor({ timeout: 20000 });
      server.state.fail = null;
      await button('Try again').first().click();
      await page.getByText('This could not be loaded').waitFor({ state: 'detached' });
    }
  });
});
