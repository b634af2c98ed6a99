/*
 * Bundles the page into dist/: scripts split by page, one style sheet, three fonts, index.html.
 *
 * File names carry a hash of their content, so the server may tell browsers to keep them for ever.
 * There is no inline script or style anywhere: the server's Content-Security-Policy forbids both.
 */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packStyles } from './build-styles.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const allowedLicences = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'ISC'];

/* Component styles are imported by PatternFly's scripts; they go into the one style sheet instead. */
const stylesApart = {
  name: 'styles-apart',
  setup(b) {
    b.onLoad({ filter: /\.css$/ }, () => ({ contents: '', loader: 'js' }));
  },
};

async function bundleScripts(write) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.tsx'],
    outdir: 'dist/assets',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2021', 'chrome100', 'firefox100', 'safari15.4'],
    minify: true,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    metafile: true,
    write,
    plugins: [stylesApart],
    logLevel: 'warning',
  });
  return result.metafile;
}

/* The packages of which something is in the bundle. */
function bundledPackages(metafile) {
  const packages = new Map();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (match && bytesInOutput > 0) packages.set(match[1], null);
    }
  }
  packages.set('node_modules/@patternfly/patternfly', null);
  for (const folder of packages.keys())
    packages.set(folder, JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')));
  return packages;
}

function checkLicences(packages) {
  const bad = [...packages.values()].filter((p) => !allowedLicences.includes(p.license));
  for (const p of bad) console.error(`${p.name} ${p.version}: licence ${p.license} is not allowed in the page`);
  if (bad.length > 0) process.exit(1);
}

function licenceText(folder) {
  const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
  return file ? readFileSync(join(root, folder, file), 'utf8').trim() : '';
}

function writeNotices(packages) {
  const parts = [...packages].map(([folder, p]) => `${p.name} ${p.version} (${p.license})\n\n${licenceText(folder)}`);
  parts.push('Red Hat Text, Display and Mono fonts (OFL-1.1): Copyright 2021 Red Hat, Inc. https://openfontlicense.org');
  writeFileSync(join(dist, 'licences.txt'), parts.join(`\n\n${'-'.repeat(72)}\n\n`) + '\n');
}

function writeStyles(css) {
  const name = `style-${createHash('sha256').update(css).digest('hex').slice(0, 8).toUpperCase()}.css`;
  writeFileSync(join(dist, 'assets', name), css);
  return name;
}

function writeIndex(metafile, style) {
  const [main, output] = Object.entries(metafile.outputs).find(([, o]) => o.entryPoint === 'src/main.tsx');
  const url = (path) => '/' + relative('dist', path);
  const preloads = output.imports.filter((i) => i.kind === 'import-statement').map((i) => url(i.path));
  const html = readFileSync(join(root, 'src/index.html'), 'utf8')
    .replace('<!-- styles -->', `<link rel="stylesheet" href="/assets/${style}">`)
    .replace('<!-- scripts -->', [
      ...preloads.map((path) => `<link rel="modulepreload" href="${path}">`),
      `<script type="module" src="${url(main)}"></script>`,
    ].join('\n    '));
  writeFileSync(join(dist, 'index.html'), html);
}

function reportSize() {
  let total = 0;
  const walk = (folder) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else total += statSync(path).size;
    }
  };
  walk(dist);
  console.log(`web/dist: ${Math.round(total / 1024)} KiB`);
}

if (process.argv.includes('--check-licences')) {
  checkLicences(bundledPackages(await bundleScripts(false)));
  process.exit(0);
}
if (existsSync(dist)) rmSync(dist, { recursive: true });
mkdirSync(join(dist, 'assets'), { recursive: true });
const metafile = await bundleScripts(true);
const packages = bundledPackages(metafile);
checkLicences(packages);
writeIndex(metafile, writeStyles(await packStyles(root, metafile)));
writeNotices(packages);
cpSync(join(root, 'src/favicon.svg'), join(dist, 'favicon.svg'));
reportSize();
