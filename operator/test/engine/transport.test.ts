import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from '@cofferdam/devcluster/apiserver';
import { expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import {
  createClient,
  createTransport,
  KubeError,
  kubeconfigFile,
  RESOURCES,
  systemClock,
} from '../../src/engine/index.ts';
import { createRateLimit } from '../../src/engine/rate-limit.ts';
import { createManualClock } from './manual-clock.ts';
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

test('what the guard forbids is not sent, also not as the repetition that the server asked for', async () => {
  await using stub = await startStub(
    status(429, 'TooManyRequests', { 'retry-after': '0.05' }),
    json(configMap('a', '2')),
  );
  let asked = 0;
  const guard = () => {
    asked += 1;
    if (asked === 2) throw new KubeError('not_leading', 'the lease was lost meanwhile');
  };
  const transport = createTransport(stub.config);
  const client = createClient({ transport, guard });
  await expect(client.apply(RESOURCES.configMaps, configMap('a', '1'))).rejects.toMatchObject({
    code: 'not_leading',
  });
  expect(stub.requests).toHaveLength(1);
  await transport.close();
});

test('a rate limit lets a burst through, then so many a second, in order', async () => {
  const clock = createManualClock();
  const limit = createRateLimit({ perSecond: 10, burst: 3, clock });
  const sent: [number, number][] = [];
  const send = (n: number) => void limit.take().then(() => sent.push([n, clock.monotonicMs()]));
  for (let n = 0; n < 6; n++) send(n);
  await clock.advance(1_000);
  expect(sent).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 100],
    [4, 200],
    [5, 300],
  ]);
  await clock.advance(60_000);
  for (let n = 6; n < 10; n++) send(n);
  await clock.advance(1_000);
  expect(sent.slice(6).map(([, at]) => at - 61_000)).toEqual([0, 0, 0, 100]);
});

test('watches and a leader are not held back by the rate limit', async () => {
  await using stub = await startStub(json(configMap('a', '1')));
  const transport = createTransport(stub.config, { rate: { perSecond: 0.001, burst: 1 } });
  const key = { namespace: 'n', name: 'a' };
  await createClient({ transport }).get(RESOURCES.configMaps, key);
  const leader = createClient({ transport, urgent: true });
  await leader.get(RESOURCES.configMaps, key);
  for await (const _ of leader.watch(RESOURCES.configMaps, { resourceVersion: '1', timeoutSeconds: 1 }))
    break;
  expect(stub.requests).toHaveLength(3);
  await transport.close();
});

test('a certificate authority that is replaced on disk is read again, and the connections are made anew', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cofferdam-ca-'));
  const [ours, other] = await Promise.all(
    ['a', 'b'].map((name) => startApiServer({ stateDirectory: join(directory, name) })),
  );
  const caOf = async (file: string | undefined) => {
    const { ca } = (await kubeconfigFile(file ?? '')).tls;
    return ca ?? '';
  };
  try {
    const file = join(directory, 'kubeconfig');
    await copyFile(ours?.kubeconfig ?? '', file);
    const kubeconfig = parse(await readFile(file, 'utf8'));
    delete kubeconfig.clusters[0].cluster['certificate-authority-data'];
    kubeconfig.clusters[0].cluster['certificate-authority'] = 'ca.crt';
    await writeFile(file, stringify(kubeconfig));
    await writeFile(join(directory, 'ca.crt'), await caOf(other?.kubeconfig));
    const transport = createTransport(await kubeconfigFile(file), { clock: systemClock });
    const read = () => createClient({ transport }).list(RESOURCES.namespaces);
    // Only the kubeconfig itself can say that nobody is verified.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await expect(read()).rejects.toMatchObject({ code: 'unreachable' });
    vi.unstubAllEnvs();
    await writeFile(join(directory, 'ca.crt'), await caOf(ours?.kubeconfig));
    expect((await read()).items.length).toBeGreaterThan(0);
    await transport.close();
  } finally {
    await Promise.all([ours?.close(), other?.close()]);
    await rm(directory, { recursive: true, force: true });
  }
});

test('watches have connections of their own: a hundred of them keep no request waiting', async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'cofferdam-watches-'));
  const api = await startApiServer({ stateDirectory });
  const transport = createTransport(await kubeconfigFile(api.kubeconfig), { connections: 4 });
  try {
    const client = createClient({ transport });
    const stopping = new AbortController();
    const first = async () => {
      const options = {
        resourceVersion: '',
        initialEvents: true,
        timeoutSeconds: 60,
        signal: stopping.signal,
      };
      const { value } = await client.watch(RESOURCES.namespaces, options).next();
      return value?.type;
    };
    const seen = await Promise.all(Array.from({ length: 100 }, first));
    expect(new Set(seen)).toEqual(new Set(['ADDED']));
    expect((await client.list(RESOURCES.namespaces)).items.length).toBeGreaterThan(0);
    stopping.abort();
  } finally {
    await transport.close();
    await api.close();
    await rm(stateDirectory, { recursive: true, force: true });
  }
});
