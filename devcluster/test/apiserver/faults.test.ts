import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CONFIG_MAPS, configMap, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ tokens: [{ token: 'dev', username: 'dev', groups: [] }] });
});
afterAll(() => server.stop());
afterEach(() => server.ask({ method: 'DELETE', path: '/faults' }));

const fault = (body: unknown) => server.ask({ method: 'POST', path: '/faults', body });
const create = (name: string) => server.ask({ method: 'POST', path: CONFIG_MAPS, body: configMap(name) });
const get = (name: string) => server.ask({ path: `${CONFIG_MAPS}/${name}` });

describe('the fault endpoint', () => {
  test('is for administrators only', async () => {
    const answer = await server.ask({ path: '/faults', token: 'dev' });
    expect(answer.status).toBe(403);
  });

  test('refuses a fault that it does not know, and names the member', async () => {
    const answer = await fault({ latency: 5 });
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain('latency');
  });

  test.each([
    ['a verb that there is not', { match: { verbs: ['wacth'] }, status: 500 }, 'verbs'],
    ['a pattern that is none', { match: { path: '(' }, status: 500 }, 'regular expression'],
    ['a rule that does nothing', { match: { verbs: ['get'] } }, 'effect'],
  ])('refuses %s', async (_, rule, message) => {
    const answer = await fault(rule);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain(message);
  });

  test('answers errors with Retry-After as often as asked, and only to what matches', async () => {
    await fault({
      match: { verbs: ['get'], path: '/configmaps/a$' },
      times: 2,
      status: 429,
      retryAfterSeconds: 3,
    });
    await create('a');
    const refused = await get('a');
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('3');
    expect(refused.body).toMatchObject({ reason: 'TooManyRequests', details: { retryAfterSeconds: 3 } });
    expect((await get('nothing')).status).toBe(404);
    expect((await get('a')).status).toBe(429);
    expect((await get('a')).status).toBe(200);
    expect((await server.ask({ path: '/faults' })).body.rules).toEqual([]);
  });

  test('keeps an answer waiting', async () => {
    await fault({ match: { verbs: ['get'] }, times: 1, latencyMilliseconds: 150 });
    const started = performance.now();
    await get('slow');
    expect(performance.now() - started).toBeGreaterThanOrEqual(145);
  });

  test('cuts the connection before a write, which then has not happened', async () => {
    await fault({ match: { verbs: ['create'] }, times: 1, drop: 'before' });
    await expect(create('lost-request')).rejects.toThrow();
    expect((await get('lost-request')).status).toBe(404);
  });

  test('cuts the connection after a write, which then has happened', async () => {
    await fault({ match: { verbs: ['create'] }, times: 1, drop: 'after' });
    await expect(create('lost-answer')).rejects.toThrow();
    expect((await get('lost-answer')).status).toBe(200);
  });

  test('shows the state of some revisions ago', async () => {
    const old = await create('stale');
    await server.ask({ method: 'PUT', path: `${CONFIG_MAPS}/stale`, body: configMap('stale', { k: 'new' }) });
    await fault({ match: { verbs: ['get', 'list'] }, staleByRevisions: 1 });
    expect((await get('stale')).body.metadata.resourceVersion).toBe(old.body.metadata.resourceVersion);
    const list = await server.ask({ path: CONFIG_MAPS });
    expect(list.body.metadata.resourceVersion).toBe(old.body.metadata.resourceVersion);
  });

  test('drops open watches, and silences them', async () => {
    const dropped = await server.open({ path: `${CONFIG_MAPS}?watch=true` });
    const silent = await server.open({ path: '/api/v1/namespaces/default/secrets?watch=true' });
    const answer = await server.ask({
      method: 'POST',
      path: '/faults/watches/drop',
      body: { path: '/configmaps$' },
    });
    expect(answer.body).toEqual({ streams: 1 });
    await dropped.ended;

    await server.ask({ method: 'POST', path: '/faults/watches/silence', body: { path: '/secrets$' } });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'unheard-of' } };
    await server.ask({ method: 'POST', path: '/api/v1/namespaces/default/secrets', body: secret });
    const loud = await server.open({ path: '/api/v1/namespaces/default/secrets?watch=true' });
    await loud.until('unheard-of');
    expect(silent.text()).toBe('');
    silent.close();
    loud.close();
  });

  test('cuts a watch in the middle of an event', async () => {
    const watch = await server.open({ path: `${CONFIG_MAPS}?watch=true` });
    await server.ask({ method: 'POST', path: '/faults/watches/truncate', body: { path: '/configmaps$' } });
    await create('half-heard');
    await watch.ended;
    const last = watch.text().trim().split('\n').at(-1) ?? '';
    expect(last).toContain('"ADDED"');
    expect(() => JSON.parse(last)).toThrow();
  });

  test('opens watches that never say anything', async () => {
    await create('there');
    await fault({ match: { verbs: ['watch'] }, times: 1, silentWatch: true });
    const silent = await server.open({ path: `${CONFIG_MAPS}?watch=true` });
    const loud = await server.open({ path: `${CONFIG_MAPS}?watch=true` });
    await loud.until('"there"');
    expect(silent.text()).toBe('');
    silent.close();
    loud.close();
  });

  test('forgets old revisions, so that a watch from one is told 410', async () => {
    const { body } = await create('before-compaction');
    await create('after-that');
    await server.ask({ method: 'POST', path: '/faults/compact' });
    const version = body.metadata.resourceVersion;
    const watch = await server.open({ path: `${CONFIG_MAPS}?watch=true&resourceVersion=${version}` });
    await watch.ended;
    expect(JSON.parse(watch.text())).toMatchObject({
      type: 'ERROR',
      object: { code: 410, reason: 'Expired' },
    });
  });
});
