import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { argoCd, commitStatusHealth, prometheus } from '../../src/index.ts';
import { World } from '../support/world.ts';

/** What the server answers to a path, and what it was asked with. */
const answers = new Map<string, { status: number; body: unknown }>();
const asked: { url: string; authorization: string | undefined }[] = [];
const server = createServer((request, response) => {
  asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
  const answer = answers.get(request.url ?? '') ?? { status: 404, body: {} };
  response
    .writeHead(answer.status)
    .end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
afterEach(() => {
  answers.clear();
  asked.length = 0;
});

const NOW = Date.parse('2026-11-23T12:00:00Z');

describe('Argo CD', () => {
  const path = '/api/v1/applications/cofferdam-staging?project=cofferdam';
  const state = (token?: string) => argoCd({ url: `${url}/`, token, now: () => NOW }).state('staging', []);
  const status = {
    reconciledAt: '2026-11-23T11:57:00Z',
    sync: { status: 'Synced', revision: 'a'.repeat(40) },
    health: { status: 'Healthy', lastTransitionTime: '2026-11-23T10:00:00Z' },
    operationState: { phase: 'Succeeded', message: 'successfully synced' },
    history: [{ id: 1, revision: 'b'.repeat(40), deployedAt: '2026-11-23T09:00:00Z' }],
    resources: [
      { kind: 'Namespace', name: 'payments', status: 'Synced' },
      { kind: 'Deployment', namespace: 'payments', name: 'vault', status: 'OutOfSync' },
    ],
  };

  it('is asked for the Application of the environment, with its token', async () => {
    answers.set(path, { status: 200, body: { metadata: {}, status } });
    expect(await state('secret')).toEqual({
      sync: 'Synced',
      revision: 'a'.repeat(40),
      health: 'Healthy',
      healthSince: '2026-11-23T10:00:00Z',
      message: undefined,
      deployments: [{ revision: 'b'.repeat(40), deployedAt: '2026-11-23T09:00:00Z' }],
      outOfSync: ['Deployment payments/vault'],
    });
    expect(asked).toEqual([{ url: path, authorization: 'Bearer secret' }]);
  });

  it('is not synced while a sync still runs, and says why one failed', async () => {
    answers.set(path, { status: 200, body: { status: { ...status, operationState: { phase: 'Running' } } } });
    expect(await state()).toMatchObject({ sync: 'Unknown', message: 'a sync is running' });
    const failed = { phase: 'Failed', message: 'one or more objects failed' };
    answers.set(path, { status: 200, body: { status: { ...status, operationState: failed } } });
    expect(await state()).toMatchObject({ sync: 'Unknown', message: 'one or more objects failed' });
    const of = (revision: string) => ({ ...failed, syncResult: { revision } });
    answers.set(path, { status: 200, body: { status: { ...status, operationState: of('a'.repeat(40)) } } });
    expect(await state()).toMatchObject({ sync: 'Unknown' });
    answers.set(path, { status: 200, body: { status: { ...status, operationState: of('b'.repeat(40)) } } });
    expect(await state()).toMatchObject({ sync: 'Synced' });
  });

  it.each(['2026-11-23T11:44:59Z', undefined])(
    'is not synced when it was last compared at %s',
    async (time) => {
      answers.set(path, { status: 200, body: { status: { ...status, reconciledAt: time } } });
      expect(await state()).toMatchObject({
        sync: 'Unknown',
        message: expect.stringContaining('application controller'),
      });
    },
  );

  it('knows nothing of an Application that is not there, or never was looked at', async () => {
    expect(await state()).toBeUndefined();
    answers.set(path, { status: 200, body: { metadata: {} } });
    expect(await state()).toBeUndefined();
  });

  it('a word that is new to us is no good one', async () => {
    answers.set(path, {
      status: 200,
      body: { status: { sync: { status: 'Fine' }, health: { status: 'Great' } } },
    });
    expect(await state()).toMatchObject({ sync: 'Unknown', health: 'Unknown' });
  });

  it.each([
    [403, {}, 'ARGOCD_AUTH_TOKEN'],
    [500, 'oops', 'answered 500: oops'],
    [200, '<html>', 'is not as expected'],
  ])('an answer %i %j is an error with the next step', async (code, body, message) => {
    answers.set(path, { status: code, body });
    await expect(state()).rejects.toMatchObject({
      code: 'health_unreachable',
      message: expect.stringContaining(message),
    });
  });
});

describe('commit statuses', () => {
  const context = 'argocd/cofferdam-staging';

  it('say since when the environment is healthy, over all commits of the same content', async () => {
    const world = new World({ a: '1' });
    world.user = 'argocd[bot]';
    const revisions: string[] = [];
    const say = async (revision: string, minute: number, state: 'success' | 'failure') => {
      world.nowMs = NOW + minute * 60_000;
      await world.setStatus(revision, { context, state, description: `minute ${minute}` });
    };
    for (const n of [1, 2]) revisions.unshift(world.push({ a: String(n) }));
    const [newer = '', older = ''] = revisions;
    await say(older, 1, 'success');
    await say(older, 2, 'failure');
    await say(older, 3, 'success');
    await say(newer, 5, 'success');
    const health = commitStatusHealth(world, 'argocd[bot]');
    expect(await health.state('staging', revisions)).toMatchObject({
      sync: 'Synced',
      health: 'Healthy',
      revision: newer,
      healthSince: new Date(NOW + 3 * 60_000).toISOString(),
    });
    await say(older, 7, 'failure');
    expect(await commitStatusHealth(world, 'argocd[bot]').state('staging', revisions)).toMatchObject({
      health: 'Degraded',
      message: 'minute 7',
    });
    expect(await health.state('prod', revisions)).toBeUndefined();
  });

  it('of commits that Argo CD has left are asked for once', async () => {
    const world = new World({ a: '1' });
    world.user = 'argocd[bot]';
    const older = await world.head();
    const old = world.push({ a: '2' });
    const head = world.push({ a: '3' });
    await world.setStatus(old, { context, state: 'success', description: 'Synced and healthy' });
    const asked: string[] = [];
    const statuses = (revision: string, of: string) => {
      asked.push(revision);
      return world.statuses(revision, of);
    };
    const health = commitStatusHealth({ statuses, setStatus: world.setStatus.bind(world) }, 'argocd[bot]');
    for (let times = 0; times < 3; times += 1) await health.state('staging', [head, old, older]);
    expect(asked).toEqual([head, old, older, head, old, head, old]);
  });

  it('of anybody else than Argo CD are not believed', async () => {
    const world = new World({ a: '1' });
    const revision = await world.head();
    const health = commitStatusHealth(world, 'argocd[bot]');
    await world.setStatus(revision, { context, state: 'success', description: 'Synced and healthy' });
    expect(await health.state('staging', [revision])).toBeUndefined();
  });

  it('say that the environment is out of sync', async () => {
    const world = new World({ a: '1' });
    world.user = 'argocd[bot]';
    const revision = await world.head();
    await world.setStatus(revision, { context, state: 'pending', description: 'OutOfSync, Healthy' });
    const health = commitStatusHealth(world, 'argocd[bot]');
    expect(await health.state('staging', [revision])).toMatchObject({ sync: 'OutOfSync' });
  });
});

describe('Prometheus', () => {
  const path = '/api/v1/rules?type=alert';
  const rule = (name: string, members: object = {}) => ({
    name,
    type: 'alerting',
    state: 'inactive',
    health: 'ok',
    lastEvaluation: new Date(NOW - 30_000).toISOString(),
    labels: { slo: 'availability', environment: 'staging', severity: 'critical' },
    annotations: { summary: `${name}!` },
    ...members,
  });
  const state = (...rules: object[]) => {
    answers.set(path, { status: 200, body: { status: 'success', data: { groups: [{ name: 'g', rules }] } } });
    return prometheus({ urls: { staging: url }, token: undefined, now: () => NOW }).state('staging');
  };

  it('counts the alerts on objectives that are evaluated, and names those that fire', async () => {
    const firing = { state: 'firing' };
    expect(await state(rule('A'), rule('B', firing), rule('C', { labels: {} }))).toEqual({
      measured: 2,
      unevaluated: 0,
      burning: [{ alert: 'B', summary: 'B!' }],
    });
  });

  it('does not count what is not evaluated, fails, or is about another environment', async () => {
    const other = { labels: { slo: 'availability', environment: 'prod' }, state: 'firing' };
    const old = { lastEvaluation: new Date(NOW - 11 * 60_000).toISOString() };
    expect(await state(rule('A', { health: 'err' }), rule('B', old), rule('C', other))).toEqual({
      measured: 0,
      unevaluated: 2,
      burning: [],
    });
  });

  it('has to be there', async () => {
    const gone = prometheus({ urls: { staging: url }, token: undefined, now: () => NOW });
    await expect(gone.state('staging')).rejects.toMatchObject({ code: 'slo_unreachable' });
    await expect(gone.state('dev')).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
