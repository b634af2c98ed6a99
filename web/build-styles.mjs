/*
 * The one style sheet: PatternFly's base, the components that the scripts use, and our own rules.
 *
 * PatternFly defines thousands of custom properties and an icon font; whatever nothing refers to is left out.
 */
import { build } from 'esbuild';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const base = 'node_modules/@patternfly/react-core/dist/styles/base.css';

/* Style sheets of the components whose class names ended up in a script. */
function usedStyles(root, metafile) {
  const files = new Set();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput === 0 || !/react-styles\/css\/.*\.m?js$/.test(input)) continue;
      const imported = /import '(\.\/[^']+\.css)'/.exec(readFileSync(join(root, input), 'utf8'));
      const file = imported && join(input, '..', imported[1]);
      if (file && existsSync(join(root, file))) files.add(file);
    }
  }
  return [...files].sort();
}

/* Icon-font rules, slanted faces that are not used, and themes that cannot be chosen. */
const trimBase = {
  name: 'trim-base',
  setup(b) {
    b.onLoad({ filter: /react-core\/dist\/styles\/base\.css$/ }, ({ path }) => {
      const css = readFileSync(path, 'utf8')
        .replace(/@font-face \{[^}]*(?:italic|pficon|webfonts)[^}]*\}/g, '')
        .replace(/(?:^|\n)(?:\.pf-v6-pficon-[^{}]*|\.pf-v6-icon-[^{}]*|\.fa[srb]?[.-][^{}]*)\{[^}]*\}/g, '');
      return { contents: css, loader: 'css' };
    });
  },
};

/* Leave out custom properties that no var() reads, again and again until none is left to leave out. */
export function dropUnusedProperties(css, scripts) {
  for (let before = ''; before !== css;) {
    before = css;
    const read = new Set(css.match(/(?<=var\(\s*)--[\w-]+/g));
    css = css.replace(/(--pf-[\w-]+):((?:[^;{}"']|"[^"]*"|'[^']*')*)(;|(?=\}))/g,
      (whole, name) => (read.has(name) || scripts.includes(name) ? whole : ''));
    css = css.replace(/[^{};]+\{\}/g, '');
  }
  return css;
}

export async function packStyles(root, metafile) {
  const files = [base, ...usedStyles(root, metafile), 'src/page.css'];
  const result = await build({
    absWorkingDir: root,
    stdin: { contents: files.map((f) => `@import "./${f}";`).join('\n'), loader: 'css', resolveDir: root },
    outdir: 'dist/assets',
    bundle: true,
    minify: true,
    write: false,
    loader: { '.woff2': 'file', '.svg': 'dataurl', '.png': 'dataurl', '.jpg': 'empty' },
    assetNames: '[name]-[hash]',
    plugins: [trimBase],
    logLevel: 'warning',
  });
  let css = '';
  for (const file of result.outputFiles) {
    if (file.path.endsWith('.css')) css = file.text;
    else writeFileSync(file.path, file.contents);
  }
  const scripts = Object.keys(metafile.outputs).map((f) => readFileSync(join(root, f), 'utf8')).join('');
  return dropUnusedProperties(css, scripts);
}
