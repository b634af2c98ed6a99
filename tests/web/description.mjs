/* Holds answers against api/openapi.yaml. */
import { readFileSync } from 'node:fs';
import { requireFromPage } from './browser.mjs';

const Ajv = requireFromPage('@redocly/ajv/dist/2020').default;

export const description = requireFromPage('js-yaml').load(readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ $id: 'api', ...description });
const compiled = new Map();

function patternOf(path) {
  return new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{id\}/g, '\\d+').replace(/\{\w+\}/g, '[^/]+')}$`);
}

/* Fixed paths before those with parameters, so that /certificates/update is not taken for an id. */
const paths = Object.keys(description.paths).sort((a, b) => a.split('{').length - b.split('{').length)
  .map((path) => ({ path, pattern: patternOf(path) }));

function pointer(...parts) {
  return `api#/${parts.map((p) => p.replace(/~/g, '~0').replace(/\//g, '~1')).join('/')}`;
}

/* Where in the description the answer's schema is; null where it has none. */
function schemaOf(method, path, status) {
  const operation = description.paths[path]?.[method];
  if (!operation) return null;
  const key = operation.responses[String(status)] ? String(status) : 'default';
  let place = ['paths', path, method, 'responses', key];
  let response = operation.responses[key];
  if (response?.$ref) {
    place = response.$ref.slice(2).split('/');
    response = description.components.responses[place[2]];
  }
  const type = Object.keys(response?.content ?? {}).find((t) => t.includes('json'));
  return type ? pointer(...place, 'content', type, 'schema') : null;
}

/* What is wrong with an answer; an empty list where it is as described. `url` is below /api/v1. */
export function complaints(method, url, status, body) {
  const pathname = new URL(url, 'http://x').pathname.replace(/^\/api\/v1/, '');
  const found = paths.find((p) => p.pattern.test(pathname));
  if (!found) return [`${method} ${pathname} is not described`];
  if (!description.paths[found.path][method.toLowerCase()]) return [`${method} ${found.path} is not described`];
  const ref = schemaOf(method.toLowerCase(), found.path, status);
  if (!ref) return [];
  if (!compiled.has(ref)) compiled.set(ref, ajv.compile({ $ref: ref }));
  const validate = compiled.get(ref);
  if (validate(body)) return [];
  return validate.errors.slice(0, 5).map((e) => `${method} ${pathname} ${status}: ${e.instancePath || '/'} ${e.message}`
    + `${e.params?.additionalProperty ? ` (${e.params.additionalProperty})` : ''}`);
}

/* Watch a browser page's calls; the list grows as answers come. */
export function watchAnswers(page) {
  const wrong = new Set();
  page.on('response', async (response) => {
    const url = response.url();
    if (!url.includes('/api/v1/') || url.endsWith('/openapi.json')) return;
    if (!(response.headers()['content-type'] ?? '').includes('json')) return;
    const body = await response.json().catch(() => undefined);
    if (body === undefined) return;
    for (const c of complaints(response.request().method(), url, response.status(), body)) wrong.add(c);
  });
  return wrong;
}
