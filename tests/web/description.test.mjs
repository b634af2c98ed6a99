/* The check that the other tests rely on is one that can fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaints, description } from './description.mjs';

test('an answer as described passes', () => {
  assert.deepEqual(complaints('GET', '/api/v1/tokens', 200, { items: [] }), []);
  assert.deepEqual(complaints('POST', '/api/v1/certificates/7/update', 202, { job: 3 }), []);
  assert.deepEqual(complaints('POST', '/api/v1/certificates/update', 202, { job: 3 }), []);
});

test('a missing, a superfluous and a mistyped field are complained of', () => {
  assert.match(complaints('GET', '/api/v1/tokens', 200, {})[0], /required property 'items'/);
  assert.match(complaints('GET', '/api/v1/tokens', 200, { items: [], more: 1 })[0], /additional properties \(more\)/);
  assert.match(complaints('GET', '/api/v1/jobs/1', 404, { title: 'Not found' })[0], /required property/);
  assert.match(complaints('POST', '/api/v1/certificates/update', 202, { job: 'three' })[0], /must be integer,null/);
});

test('what is not described is complained of', () => {
  assert.match(complaints('GET', '/api/v1/nothing', 200, {})[0], /not described/);
  assert.match(complaints('PUT', '/api/v1/tokens', 200, {})[0], /not described/);
});

test('every operation has an id of its own, a role, and says who it is for', () => {
  const ids = new Set();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
      const operation = item[method];
      if (!operation) continue;
      const place = `${method} ${path}`;
      assert.ok(operation.operationId && !ids.has(operation.operationId), place);
      ids.add(operation.operationId);
      assert.ok(['public', 'user', 'auditor', 'admin'].includes(operation['x-role']), place);
      assert.equal(Array.isArray(operation.security), operation['x-role'] === 'public', place);
      assert.ok(operation.responses.default, `${place}: problems`);
    }
  }
});
