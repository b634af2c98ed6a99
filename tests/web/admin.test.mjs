/* Notifications, people, fields, keys and the log: the page against the stand-in server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachOnAFreshPage, hasBrowser } from './browser.mjs';

describe('what admins see to', { skip: hasBrowser ? false : 'there is no Chromium' }, () => {
  let server;
  let page;
  let opened;
  let wrong;

  eachOnAFreshPage((fresh) => ({ server, opened, page, wrong } = fresh));

  const button = (name) => page.getByRole('button', { name, exact: true });
  const item = (name) => page.getByRole('menuitem', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const gone = () => dialog().waitFor({ state: 'detached' });
  const world = () => server.state.world;
  const fine = () => {
    assert.deepEqual(opened.faults, []);
    assert.deepEqual([...wrong], []);
  };

  /* F5 */
  test('shows the next runs of what is being typed, and turns a channel off', async () => {
    await page.goto('/settings/notifications');
    const [request] = await Promise.all([
      page.waitForRequest((r) => new URL(r.url()).searchParams.get('cron') === '7 */2 * * *'),
      page.getByLabel('Check of all endpoints').fill('7 */2 * * *'),
    ]);
    assert.match(request.url(), /schedules\/preview/);
    await page.getByRole('switch', { name: 'E-mail' }).uncheck({ force: true });
    await button('Save').click();
    await page.getByText('Notification settings are saved').waitFor();
    assert.equal(world().notifications.check_schedule, '7 */2 * * *');
    assert.deepEqual(world().notifications.channels, [{ name: 'email', enabled: false }]);
  });

  /* F8 */
  test('sends a test mail, and says what the mail server answered', async () => {
    await page.goto('/settings/notifications');
    await page.getByText('Sent from certdesk@example.org by way of smtp.example.org:587.').waitFor();
    await button('Send test').click();
    await page.getByText('250 2.0.0 queued as 4A1').waitFor();
    fine();
  });

  /* F8 */
  test('adds a webhook and shows its secret this once; a failed test says why', async () => {
    await page.goto('/settings/notifications');
    await button('Add webhook').click();
    await dialog().getByLabel('Name').fill('Robot');
    await dialog().getByLabel('Address').fill('https://robot.example.org/in');
    await dialog().getByLabel('It can be reached again').uncheck();
    await dialog().getByRole('button', { name: 'Add' }).click();
    await page.getByText('whsec_fixture').waitFor();
    await button('Done').click();
    await page.getByText('https://robot.example.org/in').waitFor();
    assert.equal(await page.getByText('whsec_fixture').count(), 0);
    assert.deepEqual(world().webhooks[1].events, ['expiry', 'unreachable', 'renewed']);
    await button('Send test: Robot').click();
    await page.getByText('The test failed').waitFor();
    await page.getByText(/the server answered 404 \(120 ms\)/).waitFor();
    fine();
  });

  /* F8 */
  test('makes a calendar address, and revokes it', async () => {
    await page.goto('/settings/notifications');
    await button('New calendar address').click();
    await page.getByText(/\/api\/v1\/calendar\.ics\?token=fixture/).waitFor();
    await button('Done').click();
    await button('Revoke address 2').click();
    await dialog().getByRole('button', { name: 'Revoke' }).click();
    await gone();
    assert.deepEqual(world().feeds.map((f) => f.id), [1]);
    fine();
  });

  /* F8 */
  test('shows what was sent, and sends again what has failed', async () => {
    await page.goto('/deliveries?state=failed');
    await page.getByText('the server answered 404').waitFor();
    await page.getByRole('button', { name: /^Text: shop/ }).click();
    await page.getByText('<b>not bold</b>').waitFor();
    await page.getByRole('button', { name: /^Send again: shop/ }).click();
    await page.getByText('Nothing was sent').waitFor();
    assert.equal(world().deliveries[1].state, 'queued');
    fine();
  });

  /* F9 */
  test('puts users into a group', async () => {
    await page.goto('/settings/groups');
    await button('Actions for ops').click();
    await item('Edit').click();
    await dialog().getByRole('button', { name: 'Remove alice' }).click();
    await dialog().getByLabel('Add a user').fill('carol');
    await dialog().getByRole('button', { name: 'Add' }).click();
    await dialog().getByRole('button', { name: 'Save' }).click();
    await gone();
    assert.deepEqual(world().groups[0].members, ['bob', 'carol']);
    fine();
  });

  test('gives certificates another business group when theirs is removed', async () => {
    await page.goto('/settings/business-groups');
    await page.getByRole('link', { name: 'Certificates of Retail' }).waitFor();
    await button('Actions for Retail').click();
    await item('Remove').click();
    await dialog().getByText('16 certificates carry it.').waitFor();
    await dialog().getByLabel('Give them instead').fill('Logistics');
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await gone();
    assert.equal(world().reassignedTo, 'Logistics');
    fine();
  });

  test('adds a field, and asks for it when a certificate is added', async () => {
    await page.goto('/settings/fields');
    await button('Add field').click();
    await dialog().getByLabel('Label').fill('Next audit');
    await dialog().getByLabel('Kind').selectOption('date');
    await dialog().getByRole('button', { name: 'Add' }).click();
    await gone();
    assert.equal(world().fields[2].name, 'next_audit');
    await page.goto('/certificates/add?how=watch');
    await page.getByRole('textbox', { name: /^Host/ }).fill('new.example.org');
    await button('Next: general information').click();
    await page.getByLabel('Next audit').fill('2027-03-01');
    const [request] = await Promise.all([page.waitForRequest((r) => r.method() === 'POST' && /certificates$/.test(r.url())), button('Add certificate').click()]);
    assert.deepEqual(request.postDataJSON().fields, { next_audit: '2027-03-01' });
    fine();
  });

  /* F42 */
  test('rotates the master key, and shows it happen', async () => {
    await page.goto('/settings/vault');
    await page.getByRole('row', { name: /Seals now 12 keys and secrets/ }).waitFor();
    await button('Rotate the master key').click();
    await dialog().getByRole('button', { name: 'Rotate' }).click();
    await gone();
    await page.getByText('12 of 12').waitFor();
    await page.getByRole('row', { name: /Retired 0 keys and secrets/ }).waitFor();
    fine();
  });

  /* F42 */
  test('says on every page that it is in standby, until an admin ends it', async () => {
    await page.goto('/');
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    assert.equal(await page.getByText(/is in standby/).count(), 0);
    world().standby = { standby: true, since: '2026-11-20T10:00:00Z', reason: 'restored from a backup' };
    await page.reload();
    await page.getByText(/in standby since .*: restored from a backup/).waitFor();
    await button('End standby').click();
    await dialog().getByRole('button', { name: 'End standby' }).click();
    await page.getByText(/is in standby/).waitFor({ state: 'detached' });
    assert.equal(world().standby.standby, false);
    fine();
  });

  /* F36 */
  test('narrows the log down, shows before and after, and whether the chain is whole', async () => {
    await page.goto('/audit');
    await page.getByText(/The chain is intact: verified up to link 40, with 2 signed checkpoints/).waitFor();
    await page.getByText(/2 newer entries are linked next/).waitFor();
    await page.getByRole('button', { name: 'Details' }).nth(1).click();
    await page.getByRole('grid', { name: 'What has changed' }).getByRole('row', { name: /Name old new/ }).waitFor();
    await page.getByLabel('About').selectOption('certificate');
    await button('Who, what, when').click();
    await page.getByLabel('From').fill('2026-11-01');
    await page.getByLabel('Until').fill('2026-11-20');
    const [request] = await Promise.all([
      page.waitForRequest((r) => new URL(r.url()).searchParams.get('actor') === 'alice'),
      page.getByLabel('Who', { exact: true }).fill('alice'),
    ]);
    const search = new URL(request.url()).searchParams;
    assert.deepEqual([search.get('object_type'), search.get('from'), search.get('to')], ['certificate', '2026-11-01T00:00:00Z', '2026-11-21T00:00:00Z']);
    fine();
  });

  /* F34 */
  test('disables a user', async () => {
    await page.goto('/settings/users');
    await button('Actions for alice').click();
    await item('Disable').click();
    await dialog().getByRole('button', { name: 'Disable' }).click();
    await gone();
    assert.equal(world().users.find((u) => u.name === 'alice').disabled, true);
    fine();
  });
});
