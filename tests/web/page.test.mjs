/* The page against the stand-in server: what it shows, and what it does when somebody clicks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachOnAFreshPage, hasBrowser, signIn } from './browser.mjs';
import { until } from './desk.mjs';

describe('the page', { skip: hasBrowser ? false : 'there is no Chromium' }, () => {
  let server;
  let page;
  let opened;
  let wrong;

  eachOnAFreshPage((fresh) => ({ server, opened, page, wrong } = fresh), (fresh) => signIn(fresh.page, 'admin', 'fixture'));

  const heading = (name) => page.getByRole('heading', { level: 1, name });
  const fine = () => {
    assert.deepEqual(opened.faults, []);
    assert.deepEqual([...wrong], []);
  };

  test('refuses a wrong password and says so', async () => {
    await page.getByRole('button', { name: 'Your account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('user name or password is wrong').waitFor();
    fine();
  });

  test('leads from a count on the dashboard to the list behind it', async () => {
    await page.getByRole('link', { name: /Expired/ }).click();
    await heading('Certificates').waitFor();
    assert.match(page.url(), /status=expired/);
    await page.getByRole('grid', { name: 'Certificates' }).getByRole('link', { name: 'vpn.example.net' }).waitFor();
    fine();
  });

  test('leads from a bar of the timeline to what ends in that week', async () => {
    await page.getByRole('link', { name: /^Week from .*: 1 certificate$/ }).first().click();
    await heading('Certificates').waitFor();
    assert.match(page.url(), /expires_after=.*expires_before=/);
    fine();
  });

  /* F24 */
  test('filters, sorts, searches and pages the table, and keeps it in the address', async () => {
    await page.goto('/certificates');
    const rows = page.getByRole('grid', { name: 'Certificates' }).getByRole('row');
    await page.getByText('1–50 of 64').waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText('51–64 of 64').waitFor();
    await page.getByRole('button', { name: 'Name' }).click();
    await page.getByText('1–50 of 64').waitFor();
    assert.match(page.url(), /sort=name/);
    await page.keyboard.press('Escape');
    await page.locator('body').press('/');
    await page.keyboard.type('vpn');
    await page.getByText('1–1 of 1').waitFor();
    assert.equal(await rows.count(), 2);
    await page.reload();
    await page.getByText('1–1 of 1').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Search certificates' }).inputValue(), 'vpn');
    fine();
  });

  /* F24 */
  test('shows what belongs to whom, and sorts by it', async () => {
    await page.goto('/certificates');
    for (const title of ['Name', 'Status', 'Associated resources', 'Expiration date', 'Owner', 'Last check']) {
      const header = page.getByRole('columnheader', { name: title });
      await header.getByRole('button').click();
      await until(`sorted by ${title}`, async () => /ascending|descending/.test((await header.getAttribute('aria-sort')) ?? ''));
    }
    assert.match(page.url(), /sort=-?last_checked_at/);
    fine();
  });

  test('remembers which columns are shown', async () => {
    await page.goto('/certificates');
    await page.getByRole('button', { name: 'Columns to show' }).click();
    await page.getByRole('option', { name: 'Business group' }).or(page.getByRole('menuitem', { name: 'Business group' })).first().click();
    await page.getByRole('columnheader', { name: 'Business group' }).waitFor();
    await page.reload();
    await page.getByRole('columnheader', { name: 'Business group' }).waitFor();
    fine();
  });

  /* F4 */
  test('updates everything that matches and lists what has changed', async () => {
    await page.goto('/certificates');
    await page.getByRole('button', { name: /Select all 64/ }).click();
    await page.getByText('All 64 that match are selected.').waitFor();
    await page.getByRole('button', { name: 'Update', exact: true }).click();
    await page.getByText('64 certificates checked, 1 changed, 1 could not be reached').waitFor();
    await page.getByText('new certificate, ends 2027-02-01').waitFor();
    fine();
  });

  /* F4 */
  test('says that there is nothing to probe without an endpoint', async () => {
    await page.goto('/certificates/16');
    await page.getByRole('button', { name: 'Update', exact: true }).click();
    await page.getByText('nothing to probe: it has no endpoint').waitFor();
    fine();
  });

  /* F1 */
  test('adds a certificate and shows it', async () => {
    await page.goto('/certificates/add?how=watch');
    await page.getByLabel('Host', { exact: false }).first().fill('new.example.org');
    await page.getByRole('button', { name: 'Add certificate' }).click();
    await heading(/new\.example\.org/).waitFor();
    fine();
  });

  test('shows what is wrong with a host beside the field', async () => {
    await page.goto('/certificates/add?how=watch');
    await page.getByLabel('Host', { exact: false }).first().fill('new.example.org:70000');
    await page.getByRole('button', { name: 'Add certificate' }).click();
    await page.getByText('port 70000 is above 65535').waitFor();
    assert.match(page.url(), /how=watch$/);
    fine();
  });

  test('offers the record that has the endpoint already', async () => {
    await page.goto('/certificates/add?how=watch');
    await page.getByLabel('Host', { exact: false }).first().fill('www.example.org');
    await page.getByRole('button', { name: 'Add certificate' }).click();
    await page.getByText('This endpoint belongs to a certificate you already have').waitFor();
    await page.getByRole('button', { name: 'Use it, and remove the new one' }).click();
    await page.waitForURL(/certificates\/1$/);
    assert.equal(server.state.world.certificates.length, 64);
    fine();
  });

  /* F1 */
  test('adds a pasted list and says what came of each line', async () => {
    await page.goto('/certificates/add?how=list');
    await page.getByLabel('Hosts').fill('www.example.org\nnew.example.org\nbad.example.org:70000');
    await page.getByRole('button', { name: 'Add 3 certificates' }).click();
    await page.getByText('1 certificate added, 1 already there, 1 not added').waitFor();
    await page.getByText('port 70000 is above 65535').waitFor();
    const rows = page.getByRole('grid', { name: 'Result for each line' }).getByRole('row');
    assert.match(await rows.nth(1).innerText(), /bad\.example\.org:70000/); /* what is refused is on top */
    await rows.filter({ hasText: 'www.example.org' }).getByText(/\d{4}$/).waitFor(); /* and what was found is told */
    fine();
  });

  test('shows what certificates and people say as text', async () => {
    await page.goto('/certificates/1');
    await page.getByText('<b>Not bold</b>').waitFor();
    await page.goto('/tickets/CERT-1');
    await page.getByText('<script>alert(1)</script>').waitFor();
    fine();
  });

  /* F3 */
  test('shows unreachable apart from expired, with error, since when and last success', async () => {
    await page.goto('/certificates/6?tab=endpoints');
    await page.getByText('connect to 192.0.2.2 port 443: connection refused').first().waitFor();
    await page.getByText(/Failing since .* \(4 in a row\); last success: /).first().waitFor();
    await page.getByRole('button', { name: 'This address is dead' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'It is dead' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    fine();
  });

  test('confirms a foreign certificate only when asked twice', async () => {
    await page.goto('/certificates/7?tab=endpoints');
    await page.getByRole('button', { name: 'Confirm as current' }).click();
    assert.deepEqual(server.state.world.certificates[6].flags, ['foreign']);
    await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.deepEqual(server.state.world.certificates[6].flags, []);
    fine();
  });

  /* F9 */
  test('manages access from a row of the table', async () => {
    await page.goto('/certificates?q=www.example.org');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByRole('button', { name: 'Actions for www.example.org' }).click();
    await page.getByRole('menuitem', { name: 'Manage access' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Share with a user or group').fill('web-team');
    await dialog.getByRole('button', { name: 'Share', exact: true }).click();
    await dialog.getByText('(group)').first().waitFor();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.ok(server.state.world.certificates[0].share.groups.includes('web-team'));
    fine();
  });

  /* F6, F15 */
  test('leads from a ticket about an expiry to renewing, and closes the dialog for good', async () => {
    await page.goto('/tickets/CERT-1');
    await page.getByRole('link', { name: 'Renew', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/^Renew “/).waitFor();
    assert.match(page.url(), /do=renew/);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.doesNotMatch(page.url(), /do=/);
    fine();
  });

  /* F6 */
  test('comments on, acknowledges, snoozes and resolves a ticket', async () => {
    await page.goto('/tickets/CERT-1');
    await page.getByLabel('Comment', { exact: true }).fill('I see to it.');
    await page.getByRole('button', { name: 'Add comment' }).click();
    await page.getByText('I see to it.', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('Acknowledged').first().waitFor();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Snooze' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Snooze' }).click();
    await page.getByText(/Snoozed until/).first().waitFor();
    await page.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('button', { name: 'Reopen' }).waitFor();
    fine();
  });

  /* F5 */
  test('says what a schedule means, and what the server refuses about it', async () => {
    await page.goto('/settings/notifications');
    await page.getByText('Every day at 03:00 UTC').waitFor();
    await page.getByLabel('Check of all endpoints').fill('*/30 * * * *');
    await page.getByText('Every 30 minutes').waitFor();
    await page.getByRole('list', { name: 'Next five runs' }).first().getByRole('listitem').nth(4).waitFor();
    await page.getByLabel('Renewal scan').fill('61 4 * * *');
    await page.getByText('minute 61 is above 59').waitFor();
    await page.getByLabel('Renewal scan').fill('30 4 * * 1-5');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Notification settings are saved').waitFor();
    assert.equal(server.state.world.notifications.check_schedule, '*/30 * * * *');
    fine();
  });

  /* F34 */
  test('shows a new token once', async () => {
    await page.goto('/settings/account');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('robot');
    await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
    await page.getByText('certdesk_fixture_secret').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('robot').waitFor();
    assert.equal(await page.getByText('certdesk_fixture_secret').count(), 0);
    fine();
  });

  /* F9 */
  test('hands over what a removed user owns', async () => {
    await page.goto('/settings/users');
    await page.getByRole('button', { name: 'Actions for alice' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('"alice" has 21 certificates; somebody else must get that').waitFor();
    assert.equal(await page.getByText(/hand_over_to/).count(), 0);
    await page.getByRole('dialog').getByLabel('Hand over to').fill('bob');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    fine();
  });

  test('offers another try when the server fails, and recovers', async () => {
    server.state.fail = /\/tickets$/;
    await page.goto('/tickets');
    await page.getByText('This could not be loaded').waitFor();
    await page.getByText('the database is not there').waitFor();
    server.state.fail = null;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'CERT-1', exact: true }).waitFor();
  });

  /* F35 */
  test('offers no other try, and nothing to do, where somebody may not look', async () => {
    await page.route(/\/api\/v1\/users\?/, (route) => route.fulfill({
      status: 403, contentType: 'application/problem+json', body: JSON.stringify({ type: 'urn:certdesk:problem:denied', title: 'Forbidden', status: 403, detail: 'this needs the role admin', errors: [] }),
    }));
    await page.goto('/settings/users');
    await page.getByText('This is not for you to see').waitFor();
    await page.getByText('this needs the role admin').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Add user' }).count(), 0);
  });

  /* F24 */
  test('shows the usual columns and their menu whole beside the open navigation', async () => {
    const { certificates } = server.state.world;
    certificates[0].endpoints_summary = { total: 1, last_checked_at: certificates[0].updated_at, last_error: 'host.with.a.long.name.example.org:443: no such name' };
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto('/certificates?q=www');
    await page.getByText(/no such name/).waitFor();
    const { right } = await page.getByRole('button', { name: /^Actions for/ }).first().evaluate((b) => b.getBoundingClientRect());
    const place = await page.getByRole('grid', { name: 'Certificates' }).evaluate((t) => t.parentElement.getBoundingClientRect().right);
    assert.ok(right <= place, `the menu ends at ${right}, its place at ${place}`);
  });

  test('says what to do where there is nothing yet', async () => {
    server.state.world.certificates = [];
    await page.goto('/');
    await page.getByRole('button', { name: 'Add your first certificate' }).click();
    await heading('Add certificates').waitFor();
    await page.getByRole('link', { name: 'Watch an endpoint' }).click();
    await heading('Watch an endpoint').waitFor();
    fine();
  });

  test('is used by keyboard: shortcuts, help, Esc', async () => {
    await page.locator('body').press('?');
    await page.getByRole('dialog').getByText('Go to the search field').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('body').press('g');
    await page.locator('body').press('t');
    await heading('Tickets').waitFor();
    fine();
  });

  test('turns dark, and stays so', async () => {
    await page.getByRole('button', { name: 'Use dark colours' }).click();
    await page.reload();
    await heading('Dashboard').waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.classList.contains('pf-v6-theme-dark')));
    await page.getByRole('button', { name: 'Use light colours' }).click();
    assert.ok(await page.evaluate(() => !document.documentElement.classList.contains('pf-v6-theme-dark')));
    fine();
  });

  test('asks to sign in again when the session has ended, and stays at its address', async () => {
    await page.goto('/certificates/1');
    await heading(/www\.example\.org/).waitFor();
    await page.context().clearCookies();
    await page.getByRole('tab', { name: 'Log' }).click();
    await page.getByLabel('User name').waitFor();
    assert.match(page.url(), /certificates\/1/);
  });

  const addresses = ['/', '/certificates', '/certificates/add', '/certificates/1', '/certificates/1?tab=endpoints', '/certificates/1?tab=versions',
    '/certificates/1?tab=tickets', '/certificates/1?tab=access', '/certificates/1?tab=log', '/certificates/1?tab=chain', '/certificates/1?tab=resources',
    '/certificates/add?how=watch', '/certificates/add?how=list', '/certificates/add?how=pfx', '/certificates/add?how=pem', '/certificates/add?how=csr',
    '/certificates/add?how=saved', '/csrs', '/csrs/1', '/imports', '/resources', '/resources/1', '/deliveries', '/settings/groups',
    '/settings/business-groups', '/settings/fields', '/settings/vault', '/tickets', '/tickets/CERT-1', '/jobs', '/audit', '/docs',
    '/settings/notifications', '/settings/display', '/settings/trust', '/settings/users', '/settings/account', '/nowhere'];

  test('has one title, labelled controls and no sideways scrolling on every page, also on a phone', async () => {
    for (const address of addresses) {
      await page.goto(address);
      await page.getByRole('heading', { level: 1 }).first().waitFor();
      await until(`${address} is loaded`, () => page.evaluate(() => !document.querySelector('.pf-v6-c-skeleton')));
      assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, `${address}: one h1`);
      assert.match(await page.title(), /certdesk$/, address);
      for (const size of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
        await page.setViewportSize(size);
        const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
        await until('the page fits', fits, 5).catch(() => undefined);
        const found = await page.evaluate(() => ({
          nameless: [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, a[href]')]
            .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.labels?.length || e.title))
            .map((e) => e.outerHTML.slice(0, 120)),
          wide: document.documentElement.scrollWidth - window.innerWidth,
        }));
        assert.deepEqual(found.nameless, [], `${address}: every control has a name`);
        assert.ok(found.wide <= 0, `${address}: ${found.wide} px too wide at ${size.width}`);
      }
    }
    fine();
  });
});
