import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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

/** A host that shows nobody anything, but for what a test lets it show. */
let shown: readonly (readonly [RegExp, unknown])[] = [];
let requests: { readonly line: string; readonly body: string }[] = [];
const server = createServer(async (request, response) => {
  const line = `${request.method} ${request.url}`;
  requests.push({ line, body: await text(request) });
  const found = shown.find(([pattern]) => pattern.test(line));
  response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(found?.[1] ?? { message: 'Not Found' }));
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
  shown = [];
  requests = [];
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

  it('no clone: 29', async () => {
    const { status, stderr } = await cofferdam(['drift', '--repository', tmpdir()], { env });
    expect({ status, stderr }).toMatchObject({ status: 29, stderr: expect.stringContaining('--repository') });
  });

  it('one kubeconfig for several environments, before anybody is asked', async () => {
    const { status, stderr } = await on('drift', '--context', 'prod');
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('give its one --env'),
    });
  });

  it('a repository that the token does not see, or no token: 15', async () => {
    expect(await promote()).toMatchObject({ status: 15, stdout: '' });
    const words = ['promote', '--to', 'prod', '--repository', directory];
    const nobody = await cofferdam(words, { env: { ...env, GITHUB_TOKEN: '' } });
    expect(nobody).toMatchObject({ status: 15, stderr: expect.stringContaining('GITHUB_APP_ID') });
  });
});

describe('a promotion.yaml that is not valid', () => {
  const open = () => {
    const [main, branch] = [git('rev-parse', 'HEAD'), 'b'.repeat(40)];
    const repo = { full_name: 'cofferdam/cofferdam' };
    const pull = { number: 7, title: '', body: '', labels: [], html_url: '', base: { ref: 'main', repo } };
    const commit = (sha: string) => ({ sha, tree: { sha }, parents: [] });
    shown = [
      [/GET .*heads%2Fmain$/, { object: { sha: main } }],
      [/GET .*heads%2Fpromote%2Fprod$/, { object: { sha: branch } }],
      [new RegExp(`GET .*/git/commits/${main}$`), commit(main)],
      [/GET .*\/git\/commits\//, commit(branch)],
      [/GET .*\/pulls\?/, [{ ...pull, head: { ref: 'promote/prod', repo } }]],
      [/GET .*\/statuses\?/, []],
      [/POST .*\/statuses\/b{40}$/, {}],
    ];
  };
  const posted = () =>
    requests.filter(({ line }) => line.startsWith('POST ')).map(({ body }) => JSON.parse(body));

  it.each([
    [
      'a member',
      (all: string) => `${all}soak: 1\n`,
      /^environments\/promotion.yaml:\d+:1 soak: unknown member/,
    ],
    ['all of it', () => 'repository: {\n', /^environments\/promotion.yaml:\d+:\d+/],
  ])('fails what is open: %s', async (_, change, description) => {
    edit('environments/promotion.yaml', change);
    commit('break it');
    open();
    expect(await promote()).toMatchObject({ status: 10, stdout: '' });
    expect(posted()).toEqual([
      { context: 'cofferdam/promotion', state: 'error', description: expect.stringMatching(description) },
    ]);
  });

  it('says so, too, where what is open could not be told', async () => {
    edit('environments/promotion.yaml', () => '');
    commit('break it');
    const words = ['promote', '--to', 'prod', '--repository', directory];
    const { status, stderr } = await cofferdam(words, { env: { ...env, GITHUB_TOKEN: '' } });
    expect(status).toBe(10);
    expect(stderr).toMatch(/^promote\/prod was not told: nobody to be on GitHub/);
    expect(stderr).toMatch(/^cofferdam: environments\/promotion.yaml:1:1 /m);
  });
});

describe('an App', () => {
  const as = (installation: string) => {
    const { GITHUB_TOKEN: _, ...rest } = env;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(directory, '.git', 'app.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const app = {
      GITHUB_APP_ID: '99',
      GITHUB_APP_PRIVATE_KEY_FILE: join(directory, '.git', 'app.pem'),
      GITHUB_APP_INSTALLATION_ID: installation,
    };
    const words = ['promote', '--to', 'prod', '--repository', directory];
    return cofferdam(words, { env: { ...rest, ...app } });
  };

  it('with an empty installation id is looked up, as without one', async () => {
    expect(await as('')).toMatchObject({ status: 15 });
    expect(requests.map(({ line }) => line)).toEqual(['GET /repos/cofferdam/cofferdam/installation']);
  });

  it('with a number for it asks for its token at once', async () => {
    expect(await as('4711')).toMatchObject({ status: 15 });
    expect(requests[0]?.line).toBe('POST /app/installations/4711/access_tokens');
  });

  it('with something else for it is nobody', async () => {
    const { status, stderr } = await as('mine');
    expect({ status, requests }).toEqual({ status: 1, requests: [] });
    expect(stderr).toContain('GITHUB_APP_INSTALLATION_ID mine: expected a number, or nothing');
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
