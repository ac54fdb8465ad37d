import { createVerify, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type GitHubCredentials,
  gitHub,
  history,
  type MergedPullRequests,
  postedBy,
  promote,
  type SourceHost,
} from '../../src/index.ts';
import { type Scenario, scenario } from '../support/scenario.ts';
import { GitHubServer } from './server.ts';

let s: Scenario;
let server: GitHubServer;
let url: string;
let waited: string[];
beforeEach(async () => {
  s = await scenario();
  server = new GitHubServer(s.world);
  url = await server.start();
  waited = [];
});
afterEach(() => {
  server.stop();
  expect(server.problems).toEqual([]);
});

const TOKEN: GitHubCredentials = { kind: 'token', token: 'ghs_token' };
const connect = (credentials: GitHubCredentials = TOKEN): Promise<SourceHost & MergedPullRequests> =>
  gitHub({
    apiUrl: url,
    owner: 'acme',
    repository: 'payments',
    credentials,
    progress: (line) => waited.push(line),
    secondMs: 1,
  });
const run = async (host?: SourceHost) =>
  promote({ ...s.ports, host: host ?? (await connect()) }, s.config, {
    from: 'staging',
    to: 'prod',
    dryRun: false,
    again: false,
  });
const forbidden = {
  status: 403,
  body: { message: 'API rate limit exceeded', documentation_url: 'https://x' },
};

describe('on GitHub', () => {
  it('a promotion makes one branch, one pull request, its labels and a status', async () => {
    expect(await run()).toMatchObject({
      outcome: 'opened',
      pullRequest: { number: 1, url: 'https://github.test/acme/payments/pull/1' },
    });
    const { world } = s;
    expect(world.openPulls()).toMatchObject([
      { head: 'promote/prod', base: 'main', labels: ['promotion', 'env/prod'] },
    ]);
    expect(world.text('promote/prod', 'environments/prod/release.yaml')).toBe(
      world.text('main', 'environments/staging/release.yaml'),
    );
    const head = world.branches.get('promote/prod') ?? '';
    expect(world.commits.get(head)?.parents).toEqual([world.branches.get('main')]);
    expect(world.said.get(head)).toMatchObject([{ context: 'cofferdam/promotion', state: 'success' }]);
    expect(server.authorization).toBe('token ghs_token');
  });

  it('a second run sends no write', async () => {
    await run();
    server.requests.length = 0;
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
    expect(new Set(server.requests)).toEqual(
      new Set(['git/get-ref', 'git/get-commit', 'pulls/list', 'repos/list-commit-statuses-for-ref']),
    );
  });

  it('a file that is no longer rendered goes', async () => {
    const host = await connect();
    const parent = await host.head('main');
    if (parent === undefined) throw new Error('no main');
    const gone = 'environments/dev/config.yaml';
    const commit = await host.createCommit({ parent, files: new Map([[gone, undefined]]), message: 'drop' });
    expect(await s.world.read(commit.revision, gone)).toBeUndefined();
    expect(commit.tree).toBe(await s.world.treeWith(parent.revision, new Map([[gone, undefined]])));
  });

  it('the pull request of a fork is not taken for ours, on whatever page ours is', async () => {
    const pull = { base: 'main', title: '', body: '', labels: [], comments: [], state: 'open' as const };
    for (let number = 1; number <= 120; number += 1) {
      s.world.pulls.push({ ...pull, number, head: 'promote/prod', fork: 'acme/payments-fork' });
    }
    s.world.pulls.push({ ...pull, number: 121, head: 'promote/prod' });
    const found = await (await connect()).findOpen({ head: 'promote/prod', base: 'main' });
    expect(found?.number).toBe(121);
    expect(server.requests).toEqual(['pulls/list', 'pulls/list']);
  });

  it('history asks who merged each pull request', async () => {
    const { pullRequest } = await run();
    s.world.merge(pullRequest?.number ?? 0);
    Object.assign(s.world.pulls[0] ?? {}, { mergedBy: 'ada' });
    const host = await connect();
    const { releases } = await history(s.world, { environment: 'prod', source: 'staging', pulls: host });
    expect(releases.map(({ kind, mergedBy }) => ({ kind, mergedBy }))).toEqual([
      { kind: 'promotion', mergedBy: 'ada' },
      { kind: 'first', mergedBy: undefined },
    ]);
    expect(await host.mergedBy(999)).toBeUndefined();
  });

  it('labels that are not so any more go, also where somebody was faster', async () => {
    await run();
    const [pull] = s.world.openPulls();
    pull?.labels.push('changes/policy', 'urgent');
    expect(await run()).toMatchObject({ outcome: 'updated' });
    expect(pull?.labels).toEqual(['promotion', 'env/prod', 'urgent']);
    await (await connect()).removeLabels(1, ['changes/policy']);
    expect(server.requests.filter((one) => one === 'issues/remove-label')).toHaveLength(2);
  });

  it('the status counts as posted by one App alone, and the run of anybody else says so', async () => {
    const app = async () => postedBy(await connect(), 'cofferdam[bot]', (line) => waited.push(line));
    s.world.user = 'ada';
    await run(await app());
    expect(waited).toEqual([expect.stringMatching(/posted as ada, .* from cofferdam\[bot\] alone/)]);
    s.world.user = 'cofferdam[bot]';
    // The same words, and yet to be said by whoever the ruleset asks.
    expect(await run(await app())).toMatchObject({ outcome: 'updated' });
    const said = s.world.said.get(s.world.branches.get('promote/prod') ?? '');
    expect(said?.map(({ creator, state }) => [creator, state])).toEqual([
      ['cofferdam[bot]', 'success'],
      ['ada', 'success'],
    ]);
    expect(await run(await app())).toMatchObject({ outcome: 'unchanged' });
    expect(waited).toHaveLength(1);
  });

  it('every page of statuses is read', async () => {
    const head = await s.world.head();
    for (let i = 0; i < 230; i += 1) {
      const context = i % 2 === 0 ? 'argocd/cofferdam-staging' : 'other';
      await s.world.setStatus(head, { context, state: 'success', description: `${i}` });
    }
    const found = await (await connect()).statuses(head, 'argocd/cofferdam-staging');
    expect(found).toHaveLength(115);
    expect(found[0]).toMatchObject({ description: '228', creator: 'cofferdam[bot]' });
    expect(server.requests).toHaveLength(3);
  });
});

describe('GitHub says no:', () => {
  it('a primary rate limit that ends soon is waited for', async () => {
    const reset = Math.ceil(Date.now() / 1000) + 1;
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
    server.next('pulls/list', { ...forbidden, headers });
    expect(await run()).toMatchObject({ outcome: 'opened' });
    expect(waited[0]).toMatch(/primary rate limit: waiting \d+ s/);
  });

  it('a primary rate limit that ends in an hour ends the run, and says when to come back', async () => {
    const headers = {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600),
    };
    server.next('pulls/list', { ...forbidden, headers });
    await expect(run()).rejects.toMatchObject({
      code: 'rate_limited',
      message: expect.stringMatching(/run it again after \d{4}-/),
    });
    expect(s.world.writes).toEqual([]);
  });

  it('a secondary rate limit is waited for as long as GitHub asks', async () => {
    const body = { message: 'You have exceeded a secondary rate limit.', documentation_url: 'https://x' };
    server.next('git/create-tree', { status: 403, body, headers: { 'retry-after': '2' } });
    expect(await run()).toMatchObject({ outcome: 'opened' });
    expect(waited).toEqual(["GitHub's secondary rate limit: waiting 2 s"]);
  });

  it('a token that may only read opens nothing, and the message says which rights it needs', async () => {
    server.rights = 'read';
    await expect(run()).rejects.toMatchObject({
      code: 'repository_forbidden',
      message: expect.stringContaining('Contents, Pull requests and Commit statuses: write'),
    });
    expect(s.world.writes).toEqual([]);
  });

  it('a repository that the token does not see', async () => {
    server.rights = 'none';
    await expect(run()).rejects.toMatchObject({ code: 'repository_forbidden' });
  });

  it('a conflict is a moved target, and nothing of ours is left that anybody sees', async () => {
    const body = { message: 'Conflict', documentation_url: 'https://x' };
    server.next('git/create-ref', { status: 409, body });
    await expect(run()).rejects.toMatchObject({ code: 'target_moved' });
    expect(s.world.branches.has('promote/prod')).toBe(false);
    expect(await run()).toMatchObject({ outcome: 'opened' });
  });

  it('a branch that another run made in the same moment', async () => {
    server.next('git/create-ref', {
      status: 422,
      body: { message: 'Reference already exists', documentation_url: 'https://x' },
    });
    await expect(run()).rejects.toMatchObject({ code: 'host_refused' });
    const head = await s.world.head();
    const host = await connect();
    await host.setBranch('promote/prod', { from: undefined, to: head });
    await expect(host.setBranch('promote/prod', { from: undefined, to: head })).rejects.toMatchObject({
      code: 'target_moved',
    });
  });

  it('a pull request that another run opened in the same moment is taken', async () => {
    const host = await connect();
    await run(host);
    const text = { head: 'promote/prod', base: 'main', title: 'x', body: 'y' };
    expect(await host.open(text)).toMatchObject({ number: 1 });
    expect(s.world.openPulls()).toHaveLength(1);
  });

  it('a lost answer to a write is asked again, and the write is there once', async () => {
    server.next('pulls/create', 'lost');
    server.next('git/create-ref', 'lost');
    expect(await run()).toMatchObject({ outcome: 'opened', pullRequest: { number: 1 } });
    expect(s.world.openPulls()).toHaveLength(1);
  });

  it('nobody answers', async () => {
    const host = await connect();
    server.stop();
    await expect(host.head('main')).rejects.toMatchObject({ code: 'host_unreachable' });
  });
});

it('an App signs in with its key, finds its installation and uses its token', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const signed: string[] = [];
  const note = () => signed.push(server.authorization ?? '');
  const host = await connect({ kind: 'app', appId: '99', privateKey });
  note();
  await host.head('main');
  expect(server.authorization).toBe('token ghs_installation');
  expect(server.requests.slice(0, 2)).toEqual([
    'apps/get-repo-installation',
    'apps/create-installation-access-token',
  ]);
  const [head = '', payload = '', signature = ''] = (signed[0] ?? '').replace(/^bearer /, '').split('.');
  const verifier = createVerify('RSA-SHA256').update(`${head}.${payload}`);
  expect(verifier.verify(publicKey, signature, 'base64url')).toBe(true);
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ iss: '99' });
});
