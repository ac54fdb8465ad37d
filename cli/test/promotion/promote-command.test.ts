import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderEnvironment } from '@cofferdam/cdk8s';
import { execaSync } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cofferdam } from '../support/terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'cofferdam-promote-'));
const clone = join(directory, 'clone');
const path = (name: string) => join(clone, name);
const git = (...words: string[]) =>
  execaSync('git', ['-C', clone, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words]).stdout;

/** What GitHub and Prometheus say; writes are counted, and there must be none. */
let statuses: object[] = [];
let firing = false;
let writes = 0;
const server = createServer((request, response) => {
  const url = request.url ?? '';
  if (request.method !== 'GET') writes += 1;
  const head = git('rev-parse', 'HEAD');
  const answers: [RegExp, () => unknown][] = [
    [/\/git\/ref\/heads%2Fmain$/, () => ({ object: { sha: head } })],
    [/\/git\/commits\//, () => ({ sha: head, tree: { sha: git('rev-parse', 'HEAD^{tree}') }, parents: [] })],
    [/\/pulls\?/, () => []],
    [/\/statuses\?/, () => statuses],
    [/\/api\/v1\/rules/, rules],
  ];
  const answer = answers.find(([pattern]) => pattern.test(url))?.[1];
  response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer?.() ?? { message: 'Not Found' }));
});
const rules = () => {
  const labels = { slo: 'availability', severity: 'critical' };
  const state = firing ? 'firing' : 'inactive';
  const rule = { name: 'VaultBurns', health: 'ok', lastEvaluation: new Date().toISOString(), labels, state };
  return { status: 'success', data: { groups: [{ rules: [rule] }] } };
};
const said = (state: string, minutesAgo: number) => ({
  context: 'argocd/cofferdam-staging',
  state,
  description: 'Synced, Degraded',
  creator: { login: 'cofferdam-argocd[bot]' },
  created_at: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
});

const processPath = process.env['PATH'];
let env: Record<string, string>;
beforeAll(async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  cpSync(join(root, 'environments'), path('environments'), { recursive: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  env = { GITHUB_TOKEN: 'ghs_token', GITHUB_API_URL: url };
  const edit = (name: string, change: (text: string) => string) =>
    writeFileSync(path(name), change(readFileSync(path(name), 'utf8')));
  edit('environments/promotion.yaml', (text) => text.replace(/https:\/\/prometheus\.staging\S*/, url));
  // A release in staging, and what is rendered from it.
  const staging = 'environments/staging';
  edit(`${staging}/release.yaml`, (text) => text.replaceAll(/0{64}/g, 'a'.repeat(64)));
  const [config, release] = ['config', 'release'].map((name) =>
    readFileSync(path(`${staging}/${name}.yaml`), 'utf8'),
  );
  const files = renderEnvironment({ directory: staging, config: config ?? '', release: release ?? '' });
  for (const [name, text] of files) writeFileSync(path(`${staging}/rendered/${name}`), text);
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'release');
  // Programs that find every image in order.
  mkdirSync(join(directory, 'bin'));
  for (const name of ['cosign', 'gh']) {
    writeFileSync(join(directory, 'bin', name), '#!/bin/sh\necho "[]"\n');
    chmodSync(join(directory, 'bin', name), 0o755);
  }
  process.env['PATH'] = `${join(directory, 'bin')}:${processPath}`;
});
afterAll(() => {
  process.env['PATH'] = processPath;
  server.close();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  statuses = [said('success', 180)];
  firing = false;
});

const promote = (...words: string[]) =>
  cofferdam(['promote', '--from', 'staging', '--to', 'prod', '--dry-run', '--repository', clone, ...words], {
    env,
  });

describe('promote --dry-run', () => {
  it('prints what it would do, and why it may, and writes nothing', async () => {
    const { status, stdout, stderr } = await promote();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^staging -> prod: would be opened\n/);
    expect(stdout).toMatch(/\nIMAGE +FROM +TO\nconnector +000000000000 +aaaaaaaaaaaa\n/);
    expect(stdout.match(/^(synced|healthy|soaked|images|slo) +yes /gm)).toHaveLength(5);
    expect(stdout).toMatch(/\nrendered changes: \d+ of images\n$/);
    expect(writes).toBe(0);
  });

  it.each([
    ['degraded', 21, [said('failure', 5), said('success', 180)], false],
    ['burning', 24, [said('success', 180)], true],
  ])('a source that is %s ends with %i, and with the result on stdout', async (_, wanted, about, burns) => {
    [statuses, firing] = [about, burns];
    const { status, stdout, stderr } = await promote('-o', 'json');
    expect(status).toBe(wanted);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'held', from: 'staging', to: 'prod' });
    expect(stderr).toMatch(/^cofferdam: \S.*: \S.*\n$/);
    expect(writes).toBe(0);
  });
});
