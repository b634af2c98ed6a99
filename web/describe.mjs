/* The description of the API as the page knows it: api/openapi.yaml, and what draft.yaml has besides. */
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const yaml = require('js-yaml');

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/* What `base` has stays, unless the other says x-instead; lists of required names are not added to. */
export function complete(base, more) {
  if (more?.['x-instead']) return more['x-instead'];
  if (!isObject(base) || !isObject(more) || base.$ref || more.$ref) return base;
  const result = { ...base };
  for (const [key, value] of Object.entries(more)) result[key] = key in base ? complete(base[key], value) : value;
  return result;
}

const load = (path) => yaml.load(readFileSync(new URL(path, import.meta.url), 'utf8'));
const hasDraft = existsSync(new URL('draft.yaml', import.meta.url));

export function describe() {
  const base = load('../api/openapi.yaml');
  return hasDraft ? complete(base, load('draft.yaml')) : base;
}

/* Paths that the draft alone has: what the page does with them is not shown, unless CERTDESK_PAGE_DRAFT is set. */
export function unservedPaths() {
  if (process.env.CERTDESK_PAGE_DRAFT) return [];
  const served = load('../api/openapi.yaml').paths;
  return hasDraft ? Object.keys(load('draft.yaml').paths).filter((path) => !(path in served)) : [];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { default: openapiTS, astToString } = await import('openapi-typescript');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(new URL('src/api/schema.gen.ts', import.meta.url), astToString(await openapiTS(describe(), { defaultNonNullable: false })));
  writeFileSync(new URL('src/api/unserved.gen.ts', import.meta.url), `export const unserved: readonly string[] = ${JSON.stringify(unservedPaths(), null, 2)};\n`);
}
