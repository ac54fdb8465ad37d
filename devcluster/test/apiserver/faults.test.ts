import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Clock,
  createClient,
  createReflector,
  createTransport,
  type KubeClient,
  type KubeObject,
  kubeconfigFile,
  RESOURCES,
  type Reflector,
  systemClock,
} from '@cofferdam/operator/engine';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningApiServer, startApiServer } from '../../src/apiserver/start.ts';

type Data = KubeObject & { data: Record<string, string> };
type Rule = { id: string; hits: number };

const WATCH = { verbs: ['watch'], path: '/configmaps$' };
const LIST = { verbs: ['list'], path: '/configmaps$' };

/** Long enough for an event to come, if it were to come. */
const QUIET_MS = 150;

const state = mkdtempSync(join(tmpdir(), 'cofferdam-faults-'));
let server: RunningApiServer;
let client: KubeClient;
let stranger: KubeClient;
let namespace = '';
let count = 0;
const running: Reflector<KubeObject>[] = [];

beforeAll(async () => {
  server = await startApiServer({
    stateDirectory: state,
    tokens: [{ token: 'stranger', username: 'stranger', groups: [] }],
  });
  const config = await kubeconfigFile(server.kubeconfig);
  client = createClient({ transport: createTransport(config, { timeoutMs: 5_000 }), fieldManager: 'test' });
  const authorize = async () => ({ authorization: 'Bearer stranger' });
  stranger = createClient({ transport: createTransport({ ...config, authorize }) });
});

afterEach(async () => {
  await faults('DELETE');
  await Promise.all(running.splice(0).map((reflector) => reflector.stop()));
});

afterAll(async () => {
  await Promise.all([client.transport.close(), stranger.transport.close()]);
  await server.close();
  rmSync(state, { recursive: true, force: true });
});

async function faults<T>(method: 'GET' | 'POST' | 'DELETE', path = '', body?: unknown): Promise<T> {
  const text = await client.transport.send({
    method,
    path: `/faults${path}`,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return JSON.parse(text) as T;
}

const cause = (rule: Record<string, unknown>) => faults<Rule>('POST', '', rule);

/** A rule that does nothing but count the requests that it matches. */
async function counting(match: object): Promise<() => Promise<number>> {
  const { id } = await cause({ match, latencyMilliseconds: 0 });
  return async () => {
    const { rules } = await faults<{ rules: Rule[] }>('GET');
    return rules.find((rule) => rule.id === id)?.hits ?? 0;
  };
}

async function freshNamespace(): Promise<void> {
  count += 1;
  namespace = `faults-${count}`;
  const metadata = { name: namespace };
  await client.create(RESOURCES.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
}

const configMap = (name: string, value: string): Data => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data: { value },
});

const write = (name: string, value: string) => client.apply(RESOURCES.configMaps, configMap(name, value));
const remove = (name: string) => client.delete(RESOURCES.configMaps, { namespace, name });

/** What the server holds, or what a reflector believes: `a=1 b=2`. */
function shown(objects: readonly KubeObject[]): string {
  return (objects as readonly Data[])
    .map(({ metadata, data }) => `${metadata.name}=${data['value']}`)
    .sort()
    .join(' ');
}

/** A reflector in a namespace of its own, which holds `a=1`; it has synced and its watch is open. */
async function reflecting(options: { clock?: Clock; before?: () => Promise<void> } = {}) {
  await freshNamespace();
  await write('a', '1');
  await options.before?.();
  const opened = await counting(WATCH);
  const errors: string[] = [];
  const reflector = createReflector<KubeObject>({
    client,
    resource: RESOURCES.configMaps,
    namespace,
    backoffBaseMs: 5,
    onError: (error) => errors.push(error.code),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  running.push(reflector);
  reflector.start();
  await reflector.synced();
  const listed = shown(reflector.store.list());
  await vi.waitFor(async () => expect(await opened()).toBe(1), { timeout: 5_000 });
  return { reflector, errors, listed };
}

/** Deadlines of minutes, which pass when the test says so. */
function stoppedClock(): { clock: Clock; elapse: () => void } {
  const waiting = new Set<() => void>();
  const after = (_ms: number, run: () => void) => {
    waiting.add(run);
    return () => waiting.delete(run);
  };
  const elapse = () => {
    for (const run of waiting) run();
    waiting.clear();
  };
  return { clock: { ...systemClock, after }, elapse };
}

const converges = (reflector: Reflector<KubeObject>, wanted: string) =>
  vi.waitFor(() => expect(shown(reflector.store.list())).toBe(wanted), { timeout: 10_000, interval: 20 });

describe('the fault endpoint', () => {
  test('is for administrators only', async () => {
    const asked = stranger.transport.send({ method: 'GET', path: '/faults' });
    await expect(asked).rejects.toMatchObject({ code: 'forbidden' });
  });

  test.each([
    ['an unknown member', { latencySeconds: 1 }, 'latencySeconds'],
    ['an unknown member of the match', { match: { verb: 'get' } }, 'verb'],
    ['a wrong type', { status: 'broken' }, 'status'],
    ['a status that is no error', { status: 200 }, 'status'],
  ])('refuses %s and names it', async (_name, rule, field) => {
    await expect(cause(rule)).rejects.toThrow(field);
    expect(await faults('GET')).toEqual({ rules: [] });
  });

  test('lists the rules that are in force, and forgets a removed or used up one', async () => {
    await freshNamespace();
    const once = await cause({ match: LIST, times: 1, latencyMilliseconds: 1 });
    const always = await cause({ match: WATCH, latencyMilliseconds: 1 });
    const ids = async () => (await faults<{ rules: Rule[] }>('GET')).rules.map(({ id }) => id);
    expect(await ids()).toEqual([once.id, always.id]);
    await client.list(RESOURCES.configMaps, { namespace });
    expect(await ids()).toEqual([always.id]);
    await faults('DELETE', `/${always.id}`);
    expect(await ids()).toEqual([]);
  });

  test('strikes only the user, verb and path that the rule names', async () => {
    await freshNamespace();
    await cause({ match: { ...LIST, user: 'somebody-else' }, status: 500 });
    await cause({ match: { verbs: ['delete'], path: '/configmaps/' }, status: 500 });
    await write('a', '1');
    expect(shown((await client.list(RESOURCES.configMaps, { namespace })).items)).toBe('a=1');
    await expect(remove('a')).rejects.toMatchObject({ code: 'server_error' });
  });
});

describe('a request', () => {
  test('is answered late', async () => {
    await freshNamespace();
    await cause({ match: LIST, times: 1, latencyMilliseconds: 300 });
    const from = performance.now();
    await client.list(RESOURCES.configMaps, { namespace });
    expect(performance.now() - from).toBeGreaterThanOrEqual(295);
  });

  test('is refused with a Status, and nothing of it is carried out', async () => {
    await freshNamespace();
    await cause({ match: { verbs: ['patch'] }, times: 1, status: 409, reason: 'Conflict' });
    await expect(write('a', '1')).rejects.toMatchObject({ code: 'conflict' });
    expect((await client.list(RESOURCES.configMaps, { namespace })).items).toEqual([]);
  });

  test('that is to be repeated later is repeated by the client, unseen by its caller', async () => {
    await freshNamespace();
    await cause({ match: { verbs: ['patch'] }, times: 2, status: 429, retryAfterSeconds: 0 });
    await write('a', '1');
    expect(await faults('GET')).toEqual({ rules: [] });
  });

  test('whose connection is cut before it was carried out left no trace', async () => {
    await freshNamespace();
    await cause({ match: { verbs: ['patch'] }, times: 1, drop: 'before' });
    await expect(write('a', '1')).rejects.toMatchObject({ code: 'unreachable' });
    expect((await client.list(RESOURCES.configMaps, { namespace })).items).toEqual([]);
  });

  test('whose answer is lost was carried out all the same', async () => {
    await freshNamespace();
    await cause({ match: { verbs: ['patch'] }, times: 1, drop: 'after' });
    await expect(write('a', '1')).rejects.toMatchObject({ code: 'unreachable' });
    expect(shown((await client.list(RESOURCES.configMaps, { namespace })).items)).toBe('a=1');
  });

  test('shows an older state, the object and the list alike', async () => {
    await freshNamespace();
    await write('a', '1');
    await write('a', '2');
    await cause({ match: { path: '/configmaps' }, times: 2, staleByRevisions: 1 });
    const object = await client.get<Data>(RESOURCES.configMaps, { namespace, name: 'a' });
    const list = await client.list(RESOURCES.configMaps, { namespace });
    expect([object.data['value'], shown(list.items)]).toEqual(['1', 'a=1']);
    expect(list.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
    expect(shown((await client.list(RESOURCES.configMaps, { namespace })).items)).toBe('a=2');
  });
});

describe("the operator's reflector converges", () => {
  test('when its first lists fail', async () => {
    const { reflector, errors } = await reflecting({
      before: async () => {
        await cause({ match: LIST, times: 3, status: 500 });
      },
    });
    await converges(reflector, 'a=1');
    expect(errors).toEqual(['server_error', 'server_error', 'server_error']);
  });

  test('when its watch is cut: it resumes and needs no other list', async () => {
    const { reflector } = await reflecting();
    const lists = await counting(LIST);
    await cause({ match: WATCH, times: 3, status: 503 });
    expect(await faults('POST', '/watches/drop', WATCH)).toEqual({ streams: 1 });
    await write('a', '2');
    await write('b', '1');
    await converges(reflector, 'a=2 b=1');
    expect(await lists()).toBe(0);
  });

  test('when its watch falls silent', async () => {
    const { clock, elapse } = stoppedClock();
    const { reflector, errors } = await reflecting({ clock });
    expect(await faults('POST', '/watches/silence', WATCH)).toEqual({ streams: 1 });
    await write('a', '2');
    await sleep(QUIET_MS);
    expect(shown(reflector.store.list())).toBe('a=1');
    elapse();
    await converges(reflector, 'a=2');
    expect(errors).toEqual(['timeout']);
  });

  test('when its watch is silent from the start', async () => {
    const { clock, elapse } = stoppedClock();
    const { reflector, errors } = await reflecting({
      clock,
      before: async () => {
        await cause({ match: WATCH, times: 1, silentWatch: true });
      },
    });
    await write('b', '1');
    await sleep(QUIET_MS);
    expect(shown(reflector.store.list())).toBe('a=1');
    elapse();
    await converges(reflector, 'a=1 b=1');
    expect(errors).toEqual(['timeout']);
  });

  test('when its list is stale: the watch brings what the list did not show', async () => {
    const { reflector, listed } = await reflecting({
      before: async () => {
        await write('b', '1');
        await write('a', '2');
        await remove('b');
        await cause({ match: LIST, times: 1, staleByRevisions: 2 });
      },
    });
    expect(listed).toBe('a=1 b=1');
    await converges(reflector, 'a=2');
  });

  test('when its version is compacted while it was away: it lists again and sees what was deleted', async () => {
    const { reflector, errors } = await reflecting();
    await write('b', '1');
    await converges(reflector, 'a=1 b=1');
    const { id } = await cause({ match: WATCH, status: 503 });
    await faults('POST', '/watches/drop', WATCH);
    await remove('a');
    await write('b', '2');
    await faults('POST', '/compact');
    await faults('DELETE', `/${id}`);
    await converges(reflector, 'b=2');
    expect(errors).toContain('gone');
  });

  test('when everything is slow, fails and is cut at once', async () => {
    const { reflector } = await reflecting();
    await cause({ match: LIST, times: 2, status: 500 });
    await cause({ match: { path: '/configmaps$' }, times: 6, latencyMilliseconds: 20 });
    await cause({ match: WATCH, times: 2, drop: 'before' });
    for (let round = 1; round <= 5; round++) {
      await write('a', `${round}`);
      await faults('POST', '/watches/drop', WATCH);
      if (round % 2 === 0) await faults('POST', '/compact');
    }
    await remove('a');
    await write('z', 'last');
    await converges(reflector, 'z=last');
  });
});
