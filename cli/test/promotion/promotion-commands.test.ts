import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cofferdam } from '../support/terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'cofferdam-promotion-'));
const path = (name: string) => join(directory, name);
const git = (...words: string[]) =>
  execaSync('git', ['-C', directory, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words])
    .stdout;
const commit = (subject: string) => {
  git('add', '--all');
  git('commit', '--quiet', '--message', subject);
};
const edit = (name: string, change: (text: string) => string) =>
  writeFileSync(path(name), change(readFileSync(path(name), 'utf8')));

/** A host that shows nobody anything. */
const server = createServer((_, response) => {
  response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
});
let env: Record<string, string>;

beforeAll(async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  cpSync(join(root, 'environments'), path('environments'), { recursive: true });
  git('init', '--quiet', '--initial-branch', 'main');
  commit('begin');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  env = { GITHUB_TOKEN: 'ghs_token', GITHUB_API_URL: url };
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});
afterEach(() => {
  git('checkout', '--quiet', '--force', '-B', 'main', git('rev-list', '--max-parents=0', 'HEAD'));
  git('clean', '-fdq');
});

const on = (...words: string[]) => cofferdam([...words, '--repository', directory], { env });
const promote = () => on('promote', '--from', 'staging', '--to', 'prod');
const RELEASE = 'environments/prod/release.yaml';

describe('bad input ends with an exit status of its own and the next step:', () => {
  it('an unknown member of the configuration: 10', async () => {
    edit('environments/promotion.yaml', (text) => `${text}soak: 1\n`);
    commit('break it');
    const { status, stderr } = await promote();
    expect({ status, stderr }).toMatchObject({
      status: 10,
      stderr: expect.stringMatching(/^cofferdam: environments\/promotion\.yaml:\d+:1 soak: unknown member\n/),
    });
  });

  it('a tag and not a digest: 11', async () => {
    edit(RELEASE, (text) => text.replace(/vault@sha256:0+/, 'vault:v1'));
    commit('break it');
    const { status, stderr } = await on('drift', '--offline', '--env', 'prod');
    expect(status).toBe(11);
    expect(stderr).toMatch(/release\.yaml:\d+:\d+ images\.vault: /);
    expect(stderr).toContain('pin every image by digest');
  });

  it('an environment that does not exist: 4', async () => {
    const { status, stderr } = await on('history', '--env', 'qa');
    expect({ status, stderr }).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('dev, prod, staging'),
    });
  });

  it('a dirty tree: 12', async () => {
    writeFileSync(path('stray'), '');
    const { status, stderr } = await promote();
    expect({ status, stderr }).toMatchObject({ status: 12, stderr: expect.stringContaining('(stray)') });
  });

  it('a repository that the token does not see, or no token: 15', async () => {
    expect(await promote()).toMatchObject({ status: 15, stdout: '' });
    env = { ...env, GITHUB_TOKEN: '' };
    expect(await promote()).toMatchObject({ status: 15, stderr: expect.stringContaining('GITHUB_APP_ID') });
  });
});

describe('drift', () => {
  it('ends with 0 where there is none, and with 2 and the names where there is', async () => {
    expect(await on('drift', '--offline')).toMatchObject({
      status: 0,
      stdout: 'no drift: dev, prod, staging\n',
    });
    edit('environments/prod/rendered/00-namespace.payments-prod.yaml', (text) => `${text}# by hand\n`);
    commit('by hand');
    const { status, stdout } = await on('drift', '--offline', '-o', 'json');
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject([
      { environment: 'dev', drifts: [] },
      {
        environment: 'prod',
        drifts: [
          {
            what: 'environments/prod/rendered/00-namespace.payments-prod.yaml',
            detail: 'differs from its inputs',
          },
        ],
      },
      { environment: 'staging', drifts: [] },
    ]);
  });
});

it('history says who changed what', async () => {
  edit(RELEASE, (text) => text.replaceAll(/0{64}/g, 'a'.repeat(64)));
  commit('promote(prod): staging (#12)');
  const { status, stdout } = await on('history', '--env', 'prod');
  expect(status).toBe(0);
  const [head, newest] = stdout.split('\n');
  expect(head).toMatch(/^WHEN +REVISION +KIND +WHO +PULL +IMAGES$/);
  expect(newest).toMatch(/ release +Ada +#12 +connector aaaaaaaaaaaa, /);
});
