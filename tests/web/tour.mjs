/*
 * The README's two-minute tour, walked through in a fresh demonstration, and its pictures on the way:
 *
 *     CERTDESK_ADMIN_PASSWORD=… ./dev demo
 *     CERTDESK_ADMIN_PASSWORD=… node tests/web/tour.mjs [http://127.0.0.1:8080 [docs/img]]
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, openPage, signIn } from './browser.mjs';

const [url = 'http://127.0.0.1:8080', folder = fileURLToPath(new URL('../../docs/img', import.meta.url))] = process.argv.slice(2);
const browser = await launch();
const { page, faults } = await openPage(browser, url);
const picture = async (name, height = 760) => {
  await page.setViewportSize({ width: 1280, height });
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path: join(folder, `${name}.png`) });
};

await signIn(page, 'admin', process.env.CERTDESK_ADMIN_PASSWORD ?? '');
await page.goto('/certificates');
await page.getByRole('link', { name: 'portal.shop.example' }).waitFor();
await picture('certificates');

await page.goto('/tickets/CERT-5');
await page.getByRole('link', { name: 'Renew', exact: true }).click();
await page.getByRole('dialog').getByRole('button', { name: 'Request it from a profile' }).click();
await page.getByLabel('Certificate profile').selectOption('Internal servers');
await page.getByRole('button', { name: 'Enroll certificate' }).waitFor();
await picture('enroll', 1000);
await page.getByRole('button', { name: 'Enroll certificate' }).click();
await page.waitForURL(/\/tickets\/CERT-6/);
await page.getByText('Resolved').first().waitFor({ timeout: 60000 });
await page.reload();
await page.getByText('Resolved').first().waitFor();
await picture('ticket');

await page.goto('/tickets/CERT-5');
await page.getByText('Resolved').first().waitFor({ timeout: 60000 });
await page.goto('/tickets?view=board');
await page.getByRole('region', { name: 'Done' }).getByRole('link', { name: /CERT-5/ }).waitFor();
await picture('board');
await page.goto('/');
await page.getByText('What needs you').waitFor();
await picture('dashboard');
await browser.close();
for (const fault of faults) console.log(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
