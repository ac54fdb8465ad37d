import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CONFIG_MAPS, configMap, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
const internalErrors: unknown[] = [];
const CUSTOM = '/apis/example.dev/v1/namespaces/default';

function definition(plural: string, kind: string): unknown {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.dev` },
    spec: {
      group: 'example.dev',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

async function createDefinition(plural: string, kind: string): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  expect((await server.ask({ method: 'POST', path, body: definition(plural, kind) })).status).toBe(201);
  await vi.waitFor(async () => expect((await server.ask({ path: `${CUSTOM}/${plural}` })).status).toBe(200), {
    timeout: 20_000,
  });
}

function custom(kind: string, name: string, more: object = {}): object {
  return { apiVersion: 'example.dev/v1', kind, metadata: { name }, ...more };
}

beforeAll(async () => {
  server = await startTestServer({ onInternalError: (error) => internalErrors.push(error) });
  await createDefinition('things', 'Thing');
});
afterAll(async () => {
  await server.stop();
  expect(internalErrors).toEqual([]);
});

const create = (body: unknown, query = '') =>
  server.ask({ method: 'POST', path: `${CONFIG_MAPS}${query}`, body });

describe('the API server refuses', () => {
  test.each(['//', '/%zz', '/api/v1/namespaces/%/pods'])('the path %s', async (path) => {
    expect((await server.ask({ path })).status).toBe(400);
  });

  test.each(['toString=x', '__proto__=x'])('the field selector %s', async (selector) => {
    expect((await server.ask({ path: `${CONFIG_MAPS}?fieldSelector=${selector}` })).status).toBe(400);
  });

  test('a grace period that is no number', async () => {
    const path = `${CONFIG_MAPS}/x?gracePeriodSeconds=soon`;
    expect((await server.ask({ method: 'DELETE', path })).status).toBe(400);
  });

  test.each([{ finalizers: [null] }, { ownerReferences: [null] }])('%j in metadata', async (more) => {
    const answer = await create({ metadata: { name: 'nothing', ...more } });
    expect(answer.status).toBe(422);
  });

  test('a patch of a scale that is no JSON', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    const path = '/apis/apps/v1/namespaces/default/deployments';
    await server.ask({ method: 'POST', path, body: { metadata: { name: 'd' }, spec } });
    const contentType = 'application/merge-patch+json';
    const patch = { method: 'PATCH', path: `${path}/d/scale`, body: '{', contentType };
    expect((await server.ask(patch)).status).toBe(400);
  });

  test('an object that is nested so deeply that no list could show it', async () => {
    const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
    const text = JSON.stringify(custom('Thing', 'deep', { spec: 'HERE' })).replace('"HERE"', deep);
    expect((await server.ask({ method: 'POST', path: `${CUSTOM}/things`, body: text })).status).toBe(400);
    expect((await server.ask({ path: `${CUSTOM}/things` })).status).toBe(200);
  });

  test('a JSON patch that doubles the object again and again', async () => {
    await server.ask({
      method: 'POST',
      path: `${CUSTOM}/things`,
      body: custom('Thing', 'copied', { a: {} }),
    });
    const copies = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/a', path: `/a/x${i}` }));
    const answer = await server.ask({
      method: 'PATCH',
      path: `${CUSTOM}/things/copied`,
      body: copies,
      contentType: 'application/json-patch+json',
    });
    expect(answer.status).toBe(422);
  });
});

describe('the API server takes', () => {
  test('a client that leaves in the middle of its body', async () => {
    const headers = { authorization: `Bearer ${server.adminToken}`, 'content-length': 1000 };
    const outgoing = request(`${server.url}${CONFIG_MAPS}`, { method: 'POST', headers, ca: server.caPem });
    const left = new Promise((done) => outgoing.on('error', done));
    outgoing.write('{');
    setTimeout(() => outgoing.destroy(new Error('gone')), 50);
    await left;
    await new Promise((done) => setTimeout(done, 50));
    expect(internalErrors).toEqual([]);
  });

  test('unknown fields of any script, and says so', async () => {
    const answer = await create({ metadata: { name: 'script' }, 日本: 1, 'x\u007f': 1 });
    expect(answer.status).toBe(201);
    const warning = Buffer.from(String(answer.headers['warning']), 'latin1').toString();
    expect(warning).toContain('日本');
  });

  test('thousands of unknown fields, and names no more of them than a client can read', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`unknown${i}`, 1]));
    const answer = await create({ metadata: { name: 'many' }, ...unknown });
    expect(answer.status).toBe(201);
    expect(String(answer.headers['warning']).length).toBeLessThan(8192);
    expect(String(answer.headers['warning'])).toContain('unknown0');
  });

  test.each([
    ['constructor', 'Constructor'],
    ['tokenreviews', 'TokenReview'],
  ])('a custom resource named %s', async (plural, kind) => {
    await createDefinition(plural, kind);
    const path = `${CUSTOM}/${plural}`;
    expect((await server.ask({ method: 'POST', path, body: custom(kind, 'one') })).status).toBe(201);
    expect((await server.ask({ path: `${path}/one` })).body.metadata.name).toBe('one');
  });

  test('a label selector of a name that every JavaScript object has', async () => {
    await create(configMap('unlabelled'));
    const list = await server.ask({ path: `${CONFIG_MAPS}?labelSelector=constructor` });
    expect(list.body.items).toEqual([]);
  });

  test('a watch that wants to last longer than a timer can', async () => {
    const watch = await server.open({ path: `${CONFIG_MAPS}?watch=true&timeoutSeconds=99999999` });
    await new Promise((done) => setTimeout(done, 50));
    await create(configMap('heard-of-late'));
    await watch.until('heard-of-late');
    watch.close();
  });

  test('a dry run of finalizing a namespace, and changes nothing', async () => {
    const path = '/api/v1/namespaces/default';
    const { body } = await server.ask({ path });
    const emptied = { ...body, spec: {} };
    const answer = await server.ask({ method: 'PUT', path: `${path}/finalize?dryRun=All`, body: emptied });
    expect(answer.status).toBe(200);
    expect((await server.ask({ path })).body.spec).toEqual({ finalizers: ['kubernetes'] });
  });
});
