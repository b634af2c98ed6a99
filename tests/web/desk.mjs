/*
 * The real program on loopback, for the tests that walk through it.
 *
 * CERTDESK_BINARY names it (build/certdesk where it is not set); without one those tests are skipped.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasBrowser } from './browser.mjs';

const binary = process.env.CERTDESK_BINARY ?? fileURLToPath(new URL('../../build/certdesk', import.meta.url));
export const password = 'correct horse staple';
export const skip = !hasBrowser ? 'there is no Chromium' : !existsSync(binary) ? `there is no ${binary}` : false;

const freePort = () => new Promise((resolve, reject) => {
  const server = createServer();
  server.on('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

/* Ask again and again, until the answer is true or the time is up. */
export async function until(what, question, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (await question().catch(() => false)) return;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

export async function startDesk(folder) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env, CERTDESK_ADMIN_PASSWORD: password, CERTDESK_PROBE_ALLOW: '127.0.0.0/8,::1', CERTDESK_CA_ALLOW: '127.0.0.0/8,::1',
    CERTDESK_WEBHOOK_ALLOW: '127.0.0.0/8,::1',
  };
  const child = spawn(binary, ['serve', '--data', join(folder, 'data'), '--listen', `127.0.0.1:${port}`], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stdout.on('data', (chunk) => { log += chunk; });
  child.stderr.on('data', (chunk) => { log += chunk; });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  await until('certdesk is ready', async () => {
    if (child.exitCode !== null) throw new Error(log);
    return (await fetch(`${url}/readyz`)).status === 200;
  }).catch((error) => { throw new Error(`${error.message}\n${log}`); });
  return { url, log: () => log, stop: async () => { child.kill('SIGTERM'); return ended; } };
}
