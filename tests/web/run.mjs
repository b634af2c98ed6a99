/*
 * Runs the page's tests with Node's own runner. Options are handed on to it:
 *
 *     npm test -- --test-reporter=tap --test-name-pattern=dark
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => join(folder, name));
const [major, minor] = process.versions.node.split('.').map(Number);
const oneByOne = major > 20 || (major === 20 && minor >= 10) ? ['--test-concurrency=1'] : [];

const { status } = spawnSync(process.execPath, ['--test', ...oneByOne, ...process.argv.slice(2), ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
