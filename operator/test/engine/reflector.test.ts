import { afterEach, expect, test, vi } from 'vitest';
import {
  createReflector,
  type KubeClient,
  type KubeObject,
  RESOURCES,
  type Reflector,
} from '../../src/engine/index.ts';
import { configMap, type Handler, listOf, startStub, status, watchOf } from './stub-api-server.ts';

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

function reflect(
  client: KubeClient,
  extra: { idleMs?: number; watchList?: boolean; initialEventsMs?: number; namespaces?: string[] } = {},
): { reflector: Reflector<KubeObject>; errors: string[] } {
  const errors: string[] = [];
  const reflector = createReflector({
    client,
    resource: RESOURCES.configMaps,
    backoffBaseMs: 5,
    onError: (error) => errors.push(error.code),
    ...extra,
  });
  running.push(reflector);
  reflector.start();
  return { reflector, errors };
}

const names = (reflector: Reflector<KubeObject>) =>
  reflector.store.list().map((object) => object.metadata.name);
const added = (name: string, version: string, uid?: string) => ({
  type: 'ADDED',
  object: configMap(name, version, uid),
});
const bookmark = (version: string) => ({
  type: 'BOOKMARK',
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { resourceVersion: version } },
});

test('a reflector lists, then follows the watch from the version of the list', async () => {
  await using stub = await startStub(listOf('10', configMap('a', '5')), watchOf('open', added('b', '11')));
  const { reflector } = reflect(stub.client);
  await vi.waitFor(() => expect(names(reflector)).toEqual(['a', 'b']), { timeout: 20_000 });
  expect(stub.requests[1]?.url.searchParams.get('resourceVersion')).toBe('10');
  expect(stub.requests[1]?.url.searchParams.get('allowWatchBookmarks')).toBe('true');
  const seconds = Number(stub.requests[1]?.url.searchParams.get('timeoutSeconds'));
  expect(seconds).toBeGreaterThanOrEqual(300);
  expect(seconds).toBeLessThanOrEqual(600);
});

test('a dropped watch is resumed from the last version seen, without another list', async () => {
  await using stub = await startStub(
    listOf('10'),
    watchOf('reset', added('a', '11'), bookmark('15')),
    watchOf('open', added('b', '16')),
  );
  const { reflector } = reflect(stub.client);
  await vi.waitFor(() => expect(names(reflector)).toEqual(['a', 'b']), { timeout: 20_000 });
  expect(stub.requests.map(({ url }) => url.searchParams.get('resourceVersion'))).toEqual([null, '10', '15']);
});

test('half a line at the end of a watch is not an event, and the watch is resumed', async () => {
  await using stub = await startStub(
    listOf('10'),
    watchOf('truncate', added('a', '11')),
    watchOf('open', added('b', '12')),
  );
  const { reflector, errors } = reflect(stub.client);
  await vi.waitFor(() => expect(names(reflector)).toEqual(['a', 'b']), { timeout: 20_000 });
  expect(errors).toEqual(['malformed']);
});

test.each<[string, Handler]>([
  ['an HTTP 410', status(410, 'Expired')],
  [
    'an ERROR event with code 410',
    watchOf('end', { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }),
  ],
])('after %s it lists again, and reports what vanished meanwhile as deleted', async (_name, gone) => {
  await using stub = await startStub(
    listOf('10', configMap('old', '4')),
    gone,
    listOf('20', configMap('new', '18')),
    watchOf('open'),
  );
  const { reflector } = reflect(stub.client);
  const deleted: string[] = [];
  reflector.subscribe({ deleted: (object) => deleted.push(object.metadata.name) });
  await vi.waitFor(() => expect(names(reflector)).toEqual(['new']), { timeout: 20_000 });
  expect(deleted).toEqual(['old']);
});

test('an object deleted and made again across a list is reported as deleted, then added', async () => {
  await using stub = await startStub(
    listOf('10', configMap('a', '4', 'first')),
    status(410, 'Expired'),
    listOf('20', configMap('a', '18', 'second')),
    watchOf('open'),
  );
  const { reflector } = reflect(stub.client);
  const seen: string[] = [];
  reflector.subscribe({
    added: (object) => seen.push(`added ${object.metadata.uid}`),
    updated: (object) => seen.push(`updated ${object.metadata.uid}`),
    deleted: (object) => seen.push(`deleted ${object.metadata.uid}`),
  });
  await vi.waitFor(() => expect(seen).toEqual(['added first', 'deleted first', 'added second']), {
    timeout: 20_000,
  });
});

test('a watch that has sent a bookmark and then falls silent is given up and resumed', async () => {
  await using stub = await startStub(
    listOf('10'),
    watchOf('open', bookmark('12')),
    watchOf('open', added('a', '13')),
  );
  const { reflector, errors } = reflect(stub.client, { idleMs: 50 });
  await vi.waitFor(() => expect(names(reflector)).toEqual(['a']), { timeout: 20_000 });
  expect(errors).toEqual(['timeout']);
  expect(stub.requests[2]?.url.searchParams.get('resourceVersion')).toBe('12');
});

test('a watch of a server that has sent bookmarks is given up also when it is silent from its start', async () => {
  await using stub = await startStub(
    listOf('10'),
    watchOf('end', bookmark('12')),
    watchOf('open'),
    watchOf('open', added('a', '13')),
  );
  const { reflector, errors } = reflect(stub.client, { idleMs: 50 });
  await vi.waitFor(() => expect(names(reflector)).toEqual(['a']), { timeout: 20_000 });
  expect(errors).toEqual(['timeout']);
});

test('HTTP 500 on list is retried until it works', async () => {
  await using stub = await startStub(
    status(500, 'InternalError'),
    status(403, 'Forbidden'),
    listOf('10', configMap('a', '4')),
    watchOf('open'),
  );
  const { reflector, errors } = reflect(stub.client);
  await reflector.synced();
  expect(errors).toEqual(['server_error', 'forbidden']);
  expect(names(reflector)).toEqual(['a']);
});

test('a handler that throws neither stops the reflector nor the other handlers', async () => {
  await using stub = await startStub(listOf('10', configMap('a', '4')), watchOf('open', added('b', '11')));
  const { reflector } = reflect(stub.client);
  const seen: string[] = [];
  reflector.subscribe({
    added() {
      throw new Error('a bug in a handler');
    },
  });
  reflector.subscribe({ added: (object) => seen.push(object.metadata.name) });
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), { timeout: 20_000 });
});

test('stop() during back-off leaves nothing running', async () => {
  await using stub = await startStub(status(500, 'InternalError'));
  const reflector = createReflector({
    client: stub.client,
    resource: RESOURCES.configMaps,
    backoffBaseMs: 60_000,
  });
  reflector.start();
  await vi.waitFor(() => expect(stub.requests).toHaveLength(1), { timeout: 20_000 });
  await reflector.stop();
  expect(stub.requests).toHaveLength(1);
});

test('the store drops managedFields', async () => {
  const object = configMap('a', '4');
  const managed = { ...object, metadata: { ...object.metadata, managedFields: [{ manager: 'x' }] } };
  await using stub = await startStub(listOf('10', managed), watchOf('open'));
  const { reflector } = reflect(stub.client);
  await reflector.synced();
  expect(reflector.store.list()).toEqual([object]);
});

const end = (version: string) => ({
  type: 'BOOKMARK',
  object: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { resourceVersion: version, annotations: { 'k8s.io/initial-events-end': 'true' } },
  },
});

test('WatchList: what is there comes as events, is shown when it is complete, and the same watch goes on', async () => {
  await using stub = await startStub(
    watchOf('end', added('a', '4'), added('b', '5'), end('10'), added('c', '11')),
    watchOf('open'),
  );
  const { reflector, errors } = reflect(stub.client, { watchList: true });
  const sizes: number[] = [];
  reflector.subscribe({ added: () => sizes.push(reflector.store.size) });
  await vi.waitFor(() => expect(stub.requests).toHaveLength(2), { timeout: 20_000 });
  expect(names(reflector)).toEqual(['a', 'b', 'c']);
  expect(Object.fromEntries(stub.requests[0]?.url.searchParams ?? [])).toMatchObject({
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
  });
  expect(stub.requests[0]?.url.searchParams.has('resourceVersion')).toBe(false);
  expect(stub.requests[1]?.url.searchParams.get('resourceVersion')).toBe('11');
  expect(errors).toEqual([]);
});

test.each<[string, Handler]>([
  ['is refused', status(422, 'Invalid')],
  ['never ends its initial events', watchOf('open', added('a', '4'))],
  ['is cut short', watchOf('truncate', added('a', '4'))],
])('where WatchList %s it lists as ever, and shows nothing of what came', async (_name, first) => {
  await using stub = await startStub(first, listOf('10', configMap('b', '4')), watchOf('open'));
  const { reflector } = reflect(stub.client, { watchList: true, initialEventsMs: 50 });
  await reflector.synced();
  expect(names(reflector)).toEqual(['b']);
});

test('where WatchList is broken off twice it lists as ever', async () => {
  const broken = watchOf('reset', added('a', '4'));
  await using stub = await startStub(broken, broken, listOf('10', configMap('b', '4')), watchOf('open'));
  const { reflector } = reflect(stub.client, { watchList: true });
  await reflector.synced();
  expect(names(reflector)).toEqual(['b']);
});

test('several namespaces are asked one by one, never all, and a list of one says nothing about the other', async () => {
  const of = (namespace: string, version: string) => ({
    ...configMap('a', version, namespace),
    metadata: { ...configMap('a', version, namespace).metadata, namespace },
  });
  const answer: Handler = (request, response, url) => {
    const namespace = url.pathname.split('/')[4] ?? '';
    const script = url.searchParams.has('watch')
      ? namespace === 'x' && url.searchParams.get('resourceVersion') === '10'
        ? status(410, 'Expired')
        : watchOf('open')
      : listOf('10', ...(stub.requests.length < 4 ? [of(namespace, '4')] : []));
    script(request, response, url);
  };
  await using stub = await startStub(answer);
  const { reflector } = reflect(stub.client, { namespaces: ['x', 'y'] });
  await vi.waitFor(
    () => expect(reflector.store.list().map(({ metadata }) => metadata.namespace)).toEqual(['y']),
    { timeout: 20_000 },
  );
  expect(new Set(stub.requests.map(({ url }) => url.pathname))).toEqual(
    new Set(['/api/v1/namespaces/x/configmaps', '/api/v1/namespaces/y/configmaps']),
  );
  expect(reflector.hasSeen({ namespace: 'x', name: 'a' }, '10')).toBe(true);
  expect(reflector.hasSeen({ namespace: 'y', name: 'a' }, '11')).toBe(false);
});
