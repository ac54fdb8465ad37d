import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository, script, workflow } from './workflows.ts';

/** Scripts of the workflows, run as a runner does, with programs that write down how they are called. */
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-workflow-'));
  mkdirSync(join(directory, 'bin'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function program(name: string, body: string): void {
  const path = join(directory, 'bin', name);
  writeFileSync(path, `#!/bin/bash\necho "$(basename "$0") $*" >> calls\n${body}\n`);
  chmodSync(path, 0o755);
}

function run(text: string, env: Record<string, string>) {
  const outputs = join(directory, 'outputs');
  writeFileSync(outputs, '');
  writeFileSync(join(directory, 'calls'), '');
  const { status, stderr, stdout } = spawnSync(
    'bash',
    ['--noprofile', '--norc', '-eo', 'pipefail', '-c', text],
    {
      cwd: directory,
      encoding: 'utf8',
      env: {
        PATH: `${directory}/bin:${process.env['PATH']}`,
        GITHUB_OUTPUT: outputs,
        GITHUB_STEP_SUMMARY: join(directory, 'summary'),
        RUNNER_TEMP: directory,
        ...env,
      },
    },
  );
  const lines = (name: string) =>
    readFileSync(join(directory, name), 'utf8').trim().split('\n').filter(Boolean);
  return { status, stderr, stdout, outputs: lines('outputs'), calls: lines('calls') };
}

describe('promote finds its step', () => {
  const text = script('promote', 'which', 'case');
  const { steps } = parse(readFileSync(`${repository}environments/promotion.yaml`, 'utf8'));

  test.each([
    ['prod', '', ['from=staging', 'to=prod']],
    ['', 'argocd/cofferdam-staging', ['from=staging', 'to=prod']],
    ['', 'staging', ['from=staging', 'to=prod']],
    ['', 'argocd/cofferdam-dev', []],
    ['', 'argocd/cofferdam-prod', []],
    ['', 'x$(touch broken)', []],
  ])('asked for %j, healthy %j', (ASKED, HEALTHY, wanted) => {
    expect(run(text, { ASKED, HEALTHY })).toMatchObject({ status: 0, outputs: wanted });
  });

  test('each step that there is, and no other may be asked for', () => {
    const { options } = parse(workflow('promote').text).on.workflow_dispatch.inputs.to;
    expect(options).toEqual(steps.map(({ to }: { to: string }) => to));
    for (const { from, to } of steps) {
      const outputs = [`from=${from}`, `to=${to}`];
      expect(run(text, { ASKED: to, HEALTHY: '' })).toMatchObject({ outputs });
      expect(run(text, { ASKED: '', HEALTHY: from })).toMatchObject({ outputs });
    }
  });
});

describe('promote looks before it asks anybody to approve', () => {
  const text = script('promote', 'look', '--dry-run');
  const env = { FROM: 'staging', TO: 'prod', AGAIN: '', GITHUB_EVENT_NAME: 'status' };
  const ends = (status: number, outcome = 'held') =>
    program('npm', `echo '{"outcome": "${outcome}"}'; exit ${status}`);

  test('and goes on where there is something to propose', () => {
    ends(0, 'opened');
    const { status, outputs, calls } = run(text, env);
    expect({ status, outputs }).toEqual({ status: 0, outputs: ['outcome=opened'] });
    expect(calls[0]).toContain('promote --from staging --to prod --dry-run --wait');
  });

  test('is done where a gate holds it, unless somebody asked for it', () => {
    ends(22);
    expect(run(text, env)).toMatchObject({
      status: 0,
      outputs: [],
      stdout: expect.stringContaining('::notice::'),
    });
    expect(run(text, { ...env, GITHUB_EVENT_NAME: 'workflow_dispatch' })).toMatchObject({
      status: 22,
      outputs: [],
    });
  });

  test.each([3, 10, 14, 30])('fails where it could not be told: %i', (code) => {
    ends(code);
    expect(run(text, env)).toMatchObject({ status: code, outputs: [] });
  });
});

describe('promote says of an open pull request what is true of it now', () => {
  const text = script('promote', 'say', 'npm run --silent');

  test.each([
    [0, 0],
    [15, 15],
    [21, 0],
    [24, 0],
    [3, 3],
    [12, 12],
    [28, 28],
  ])('which ends with %i', (code, status) => {
    program('npm', `exit ${code}`);
    const { status: found, calls } = run(text, { TO: 'prod' });
    expect({ found, calls }).toEqual({
      found: status,
      calls: ['npm run --silent cofferdam -- promote --to prod --status-only'],
    });
  });

  test.each([
    ['what is open', ['feature', 'promote/prod', 'promote/staging', 'rollback/prod'], '["prod","staging"]'],
    ['nothing', ['feature'], '[]'],
    ['no name that is none', ['promote/x;y', 'promote/$(touch broken)'], '[]'],
  ])('for %s', (_, heads, targets) => {
    program('gh', `printf '%s\\n' ${heads.map((head) => `'${head}'`).join(' ')}`);
    const { status, outputs, calls } = run(script('promote', 'open', 'gh api'), {
      REPOSITORY: 'acme/payments',
    });
    expect({ status, outputs }).toEqual({ status: 0, outputs: [`targets=${targets}`] });
    expect(calls[0]).toContain('repos/acme/payments/pulls?state=open');
  });
});

describe('rollback proposes', () => {
  const text = script('rollback', 'rollback', 'cofferdam --');
  const command = 'npm run --silent cofferdam -- rollback --env prod';

  test.each([
    ['the release before', { TO: '', SKIP: '' }, command],
    ['a release that is named', { TO: '4c1b8c5a02', SKIP: '' }, `${command} --to 4c1b8c5a02`],
    [
      'one whose schema was looked at',
      { TO: '', SKIP: '--skip-schema-check' },
      `${command} --skip-schema-check`,
    ],
    [
      'nothing that somebody slips in',
      { TO: 'x; touch broken', SKIP: '' },
      `${command} --to x; touch broken`,
    ],
  ])('%s', (_, given, call) => {
    program('npm', 'echo "[$#]"; exit 30');
    // As the command ends, whatever writes the summary.
    const { status, calls, stdout } = run(text, { ENVIRONMENT: 'prod', ...given });
    expect({ status, calls }).toEqual({ status: 30, calls: [call] });
    expect(stdout).toBe(`[${7 + (given.TO ? 2 : 0) + (given.SKIP ? 1 : 0)}]\n`);
  });
});

describe('release takes a commit of main that is checked', () => {
  const text = script('release', 'commit', 'merge-base');
  const env = { GITHUB_REF_NAME: 'v1.2.3', GITHUB_REPOSITORY: 'acme/payments' };
  const git = (...words: string[]) =>
    spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.test', ...words], {
      cwd: directory,
      encoding: 'utf8',
    }).stdout.trim();

  beforeEach(() => {
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '--message', 'tagged');
    git('branch', 'tagged');
    git('commit', '--quiet', '--allow-empty', '--message', 'newest');
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  });

  test.each([
    ['one of main, green', 'tagged', '1', 0],
    ['one of main, not green', 'tagged', '0', 1],
    ['the newest of main, green', 'HEAD', '1', 0],
  ])('%s', (_, revision, green, status) => {
    program('gh', `echo ${green}`);
    git('checkout', '--quiet', '--detach', revision);
    const { status: found, calls, stdout } = run(text, env);
    expect({ found, stdout }).toEqual({
      found: status,
      stdout: status === 0 ? '' : expect.stringContaining('::error::check is not green'),
    });
    expect(calls).toEqual([
      expect.stringContaining(
        `workflows/check.yaml/runs?head_sha=${git('rev-parse', revision)}&branch=main&`,
      ),
    ]);
  });

  test('one of a branch, however green', () => {
    program('gh', 'echo 1');
    git('commit', '--quiet', '--allow-empty', '--message', 'elsewhere');
    expect(run(text, env)).toMatchObject({
      status: 1,
      calls: [],
      stdout: expect.stringContaining('which is no commit of main'),
    });
  });

  test('not where GitHub does not tell', () => {
    program('gh', 'exit 1');
    expect(run(text, env)).toMatchObject({ status: 1 });
  });
});

describe('pins says of a pull request whether it changes what runs', () => {
  const text = script('pins', 'pins', 'gh api');
  const env = {
    REPOSITORY: 'acme/payments',
    NUMBER: '7',
    COMMIT: 'c0ffee',
    CHANGED: '2',
    GH_TOKEN: 'of the workflow',
    APP_TOKEN: 'of the App',
    BASE: 'main',
    DEFAULT_BRANCH: 'main',
  };
  const files = (...names: string[]) =>
    program('gh', `echo "$GH_TOKEN" >> tokens; [ "$2" != --paginate ] || printf '%s\\n' ${names.join(' ')}`);
  const said = (changes: Record<string, string> = {}) => run(text, { ...env, ...changes }).calls.at(-1);

  test('by anybody else than the command line: refused', () => {
    files('README.md', 'environments/prod/release.yaml');
    expect(said()).toContain('repos/acme/payments/statuses/c0ffee');
    expect(said()).toContain('context=cofferdam/promotion -f state=failure');
  });

  test('no: it may go on', () => {
    files(
      'environments/prod/config.yaml',
      'docs/environments/prod/release.yaml',
      'environments/release.yaml',
    );
    expect(said()).toContain('state=success');
  });

  test('as the App, and looks with the rights of the workflow', () => {
    files('README.md');
    said();
    expect(readFileSync(join(directory, 'tokens'), 'utf8')).toBe('of the workflow\nof the App\n');
  });

  test('into another branch: refused, until its base is changed', () => {
    files('README.md');
    expect(said({ BASE: 'feature' })).toContain('state=failure');
    expect(workflow('pins').text).toMatch(/types: \[.*\bedited\b/);
  });

  test('more files than GitHub lists: refused', () => {
    files('README.md');
    expect(said({ CHANGED: '3001' })).toContain('state=failure');
  });
});

describe('drift keeps one issue', () => {
  const compare = script('drift', 'drift', 'npm run --silent');
  const say = script('drift', 'drift', 'gh issue');
  const env = { STATUS: '2', RUN: 'https://github.test/run/1' };
  const issues = (open: string) => program('gh', `[ "$2" != list ] || printf '%s' '${open}'`);

  test.each([
    [0, 0, ['status=0']],
    [2, 0, ['status=2']],
    [3, 3, []],
    [1, 1, []],
  ])('which says what `cofferdam drift` ends with: %i', (code, status, outputs) => {
    program('npm', `echo 'prod: Deployment'; exit ${code}`);
    expect(run(compare, {})).toMatchObject({ status, outputs, stdout: 'prod: Deployment\n' });
  });

  test('and opens it where there is none', () => {
    writeFileSync(join(directory, 'drift.txt'), 'prod  Git, cluster  Deployment\n');
    issues('');
    const { status, calls } = run(say, env);
    expect(status).toBe(0);
    expect(calls.map((call) => call.split(' ').slice(0, 3).join(' '))).toEqual([
      'gh issue list',
      'gh label create',
      'gh issue create',
    ]);
    expect(readFileSync(join(directory, 'body.md'), 'utf8')).toContain('prod  Git, cluster  Deployment\n');
  });

  test('and writes it anew where there is one, and closes it when there is no drift', () => {
    writeFileSync(join(directory, 'drift.txt'), '');
    issues('7');
    expect(run(say, env).calls.at(-1)).toContain('gh issue edit 7');
    expect(run(say, { ...env, STATUS: '0' }).calls.at(-1)).toContain('gh issue close 7');
  });

  test('and does nothing where there is neither', () => {
    issues('');
    expect(run(say, { ...env, STATUS: '0' }).calls).toHaveLength(1);
  });
});
