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
      if (file && !neverShown.test(file) && existsSync(join(root, file))) files.add(file);
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

/* Components that PatternFly's others can show, but ours never ask for. */
const neverShown = /\/(Drawer|JumpLinks|NotificationDrawer|Wizard|Popover)\//;

/* Variants that this page cannot get into: other themes, right-to-left text, layouts for other breakpoints. */
const unwanted = new RegExp([
  'high-contrast', 'theme-glass', 'theme-felt', 'theme-redhat', 'pf-v6-m-dir-rtl', 'dir=.?rtl',
  'pf-m-tree-view', 'pf-m-grid-(?:sm|lg|xl|2xl)', 'pf-v6-c-.*-on-(?:sm|md|lg|xl|2xl)', 'pf-m-[\\w-]+-on-height-', 'pf-m-breadcrumb',
  'pf-m-sticky', 'pf-m-nested-column', 'pf-m-drill', 'pf-m-flyout', 'pf-m-subtab', 'pf-m-docked', 'pf-m-light\\b',
].join('|'));

/* The commas of a selector list that are not inside of brackets. */
function selectorsOf(list) {
  return list.split(/,(?![^()]*\))/);
}

export function dropUnwantedRules(css) {
  return css.replace(/([^{};@]+)\{([^{}]*)\}/g, (whole, list, body) => {
    if (!list.includes('.') && !list.includes('[')) return whole;
    const kept = selectorsOf(list).filter((selector) => !unwanted.test(selector));
    return kept.length > 0 ? `${kept.join(',')}{${body}}` : '';
  });
}

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

/* Custom properties that no script sets get short names: they are half of the sheet otherwise. */
export function shortenProperties(css, scripts) {
  const names = new Map();
  return css.replace(/--pf-[\w-]+/g, (name) => {
    if (scripts.includes(name)) return name;
    if (!names.has(name)) names.set(name, `--p${names.size.toString(36)}`);
    return names.get(name);
  });
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
  const kept = dropUnusedProperties(dropUnwantedRules(css), scripts).replace(/@(?:media|supports)[^{}]*\{\}/g, '');
  return shortenProperties(kept, scripts);
}
