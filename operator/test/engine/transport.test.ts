import { expect, test } from 'vitest';
import { createClient, createTransport, KubeError, RESOURCES } from '../../src/engine/index.ts';
import { configMap, json, listOf, startStub, status } from './stub-api-server.ts';

test('429 with Retry-After is repeated after that time', async () => {
  await using stub = await startStub(
    status(429, 'TooManyRequests', { 'retry-after': '0.2' }),
    json(configMap('a', '1')),
  );
  const got = await stub.client.get(RESOURCES.configMaps, { namespace: 'n', name: 'a' });
  expect(got.metadata.name).toBe('a');
  const [first, second] = stub.requests;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(190);
});

test('429 without Retry-After, or beyond the budget, is an error with its code', async () => {
  await using stub = await startStub(
    status(429, 'TooManyRequests'),
    status(503, 'ServiceUnavailable', { 'retry-after': '3600' }),
  );
  const read = () => stub.client.get(RESOURCES.configMaps, { namespace: 'n', name: 'a' });
  await expect(read()).rejects.toMatchObject({ code: 'too_many_requests', status: 429, retryable: true });
  await expect(read()).rejects.toMatchObject({ code: 'server_error', status: 503 });
});

test('an error carries status, reason and details', async () => {
  const details = { name: 'a', kind: 'configmaps', causes: [{ field: 'data', message: 'wrong' }] };
  await using stub = await startStub(
    json({ kind: 'Status', code: 422, reason: 'Invalid', message: 'is invalid', details }, 422),
  );
  const failure = await stub.client
    .create(RESOURCES.configMaps, configMap('a', '1'))
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(KubeError);
  expect(failure).toMatchObject({
    code: 'invalid',
    status: 422,
    reason: 'Invalid',
    details,
    retryable: false,
  });
});

test('a server that does not answer is a timeout, one that is not there is unreachable', async () => {
  await using stub = await startStub(() => {});
  await expect(
    stub.client.get(RESOURCES.pods, { namespace: 'n', name: 'a' }, { timeoutMs: 100 }),
  ).rejects.toMatchObject({ code: 'timeout' });
  const nobody = createTransport({ ...stub.config, server: 'http://127.0.0.1:1' });
  await expect(
    createClient({ transport: nobody }).get(RESOURCES.pods, { namespace: 'n', name: 'a' }),
  ).rejects.toMatchObject({ code: 'unreachable', status: 0 });
  await nobody.close();
});

test('a list is read page by page over few connections, and starts over when the token expires', async () => {
  const page = (token: string | undefined, name: string) =>
    json({
      metadata: { resourceVersion: '9', ...(token ? { continue: token } : {}) },
      items: [{ metadata: { name } }],
    });
  await using stub = await startStub(
    page('t1', 'a'),
    status(410, 'Expired'),
    page('t2', 'a'),
    page(undefined, 'b'),
  );
  const list = await stub.client.list(RESOURCES.configMaps, { limit: 1 });
  expect(list.items).toEqual([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
  ]);
  expect(stub.requests.map(({ url }) => url.searchParams.get('continue'))).toEqual([null, 't1', null, 't2']);
});

test('200 requests in a row use one connection', async () => {
  await using stub = await startStub(listOf('1'));
  for (let i = 0; i < 200; i++) await stub.client.list(RESOURCES.configMaps);
  expect(stub.connections()).toBeLessThanOrEqual(2);
});

test('a guard that throws stops a write before it is sent, also its repetition, and never a read', async () => {
  await using stub = await startStub(
    status(429, 'TooManyRequests', { 'retry-after': '0' }),
    json(configMap('a', '1')),
  );
  let allowed = 1;
  const guarded = createClient({
    transport: stub.client.transport,
    guard() {
      allowed -= 1;
      if (allowed < 0) throw new KubeError('not_leading', 'not ours');
    },
  });
  await expect(guarded.apply(RESOURCES.configMaps, configMap('a', '1'))).rejects.toMatchObject({
    code: 'not_leading',
  });
  expect(stub.requests).toHaveLength(1);
  await guarded.get(RESOURCES.configMaps, { namespace: 'n', name: 'a' });
});

test('apply names the field manager and forces; delete sends its preconditions and takes 404 for done', async () => {
  await using stub = await startStub(
    json(configMap('a', '1')),
    json(configMap('a', '1')),
    status(404, 'NotFound'),
  );
  const client = createClient({ transport: stub.client.transport, fieldManager: 'tester' });
  await client.apply(RESOURCES.configMaps, configMap('a', '1'));
  expect(stub.requests[0]?.url.search).toBe('?fieldManager=tester&force=true');
  await client.delete(
    RESOURCES.configMaps,
    { namespace: 'n', name: 'a' },
    { uid: 'u', propagationPolicy: 'Background' },
  );
  expect(JSON.parse((await stub.requests[1]?.body) ?? '')).toEqual({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'u' },
    propagationPolicy: 'Background',
  });
  expect(await client.delete(RESOURCES.configMaps, { namespace: 'n', name: 'a' })).toBeUndefined();
});
