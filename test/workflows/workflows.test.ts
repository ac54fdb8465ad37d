import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { changelogCommand } from '../../cli/src/commands/changelog.ts';
import { driftCommand } from '../../cli/src/commands/drift.ts';
import { pinCommand } from '../../cli/src/commands/pin.ts';
import { promoteCommand } from '../../cli/src/commands/promote.ts';
import { rollbackCommand } from '../../cli/src/commands/rollback.ts';
import type { Terminal } from '../../cli/src/output/terminal.ts';
import { images } from '../images/dockerfile.ts';
import { repository, steps, workflow, workflows } from './workflows.ts';

const read = (path: string) => readFileSync(`${repository}${path}`, 'utf8');
const absent = spawnSync('actionlint', ['-version']).status !== 0;
if (absent) console.log('actionlint is not installed: its test is skipped');

const terminal: Terminal = {
  stdout: { write: () => true },
  stderr: { write: () => true },
  env: {},
  now: () => 0,
  readStdin: async () => '',
  setExitStatus: () => {},
};

describe('workflows', () => {
  test.skipIf(absent)('are what actionlint takes', () => {
    // shellcheck only where the runner has it would make the result another on each machine.
    const { stdout, status } = spawnSync('actionlint', ['-shellcheck=', '-pyflakes='], {
      cwd: repository,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  test('pin every action by commit, with its version beside it, and one version of each', () => {
    const lines = workflows.flatMap(({ name, text }) =>
      [...text.matchAll(/^.*\buses: (.*)$/gm)].map(([, used = '']) => `${name}: ${used}`),
    );
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter((line) => !/: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual(
      [],
    );
    const versions = Map.groupBy(
      lines.map((line) => line.replace(/^\w+: /, '')),
      (used) => used.split('@')[0],
    );
    expect([...versions].filter(([, used]) => new Set(used).size > 1)).toEqual([]);
  });

  test('name a version of every program that they fetch, not a tag or branch that moves', () => {
    const moving = /\S*[@:](?:latest|main|master|release-[\w.]+|stable[\w.-]*|buildx-stable-1)(?![\w-])/g;
    expect(steps().flatMap(({ run = '' }) => run.match(moving) ?? [])).toEqual([]);
    const using = (action: string) => steps().filter(({ uses }) => uses?.startsWith(`${action}@`));
    const given = (action: string, input: string) => using(action).map((step) => step.with?.[input]);
    // What these fetch where they are not told: buildx-stable-1, stable-1, the latest release.
    const buildkit = given('docker/setup-buildx-action', 'driver-opts');
    expect(buildkit.length).toBeGreaterThan(0);
    for (const options of buildkit)
      expect(options).toMatch(/^image=moby\/buildkit:v\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/);
    expect(new Set(buildkit).size).toBe(1);
    for (const sbom of given('docker/build-push-action', 'sbom'))
      expect(sbom).toMatch(/^generator=docker\/buildkit-syft-scanner:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/);
    const action = /kubernetes-sigs\/kwok@\w+ # (v[\d.]+)/.exec(workflow('e2e').text)?.[1];
    expect(given('kubernetes-sigs/kwok', 'kwok-version')).toEqual([action]);
  });

  test('fail where the first part of a pipe fails: the default shell has no pipefail', () => {
    const shells = new Map(workflows.map(({ name, shell }) => [name, shell]));
    const piping = steps().filter(({ run = '' }) => /(?<!\|)\|(?!\|)/.test(run));
    expect(piping.length).toBeGreaterThan(0);
    const without = piping.filter(
      ({ place, shell }) => (shell ?? shells.get(place.split('/')[0] ?? '')) !== 'bash',
    );
    expect(without.map(({ place }) => place)).toEqual([]);
  });

  test('check each commit of main, however many wait', () => {
    expect(workflow('check').concurrency).toEqual({
      group: `check-\${{ github.event_name == 'pull_request' && github.ref || github.sha }}`,
      'cancel-in-progress': `\${{ github.event_name == 'pull_request' }}`,
    });
  });

  test('promote what was rolled back for whoever asks for it, whatever else asks for less', () => {
    expect(workflow('promote').jobs['look']?.concurrency?.group).toMatch(/inputs\.again && '-again'/);
  });

  test('release a commit only after it is known to be one of main, checked', () => {
    const { jobs } = workflow('release');
    const upstream = (id: string): string[] =>
      [jobs[id]?.needs ?? []].flat().flatMap((one) => [one, ...upstream(one)]);
    for (const id of Object.keys(jobs))
      if (id !== 'commit') expect([id, upstream(id)]).toEqual([id, expect.arrayContaining(['commit'])]);
    expect(jobs['commit']?.permissions).toEqual({ contents: 'read', actions: 'read' });
    // `always()` and the like go on after a job that refused.
    expect(Object.values(jobs).filter((job) => 'if' in job)).toEqual([]);
  });

  test('give no job more than it names, and no job an hour without end', () => {
    for (const { name, permissions, jobs } of workflows) {
      expect([name, permissions]).toEqual([name, expect.toSatisfy(readsAtMost)]);
      for (const [id, job] of Object.entries(jobs)) {
        expect([name, id, job['timeout-minutes']]).toEqual([name, id, expect.any(Number)]);
        if (Object.keys(permissions ?? {}).length === 0)
          expect([name, id, job.permissions]).toEqual([name, id, expect.any(Object)]);
      }
    }
  });

  test('write only what each is for, and sign by their own identity', () => {
    const writing = workflows.flatMap(({ name, jobs }) =>
      Object.entries(jobs).map(([id, { permissions = {} }]) => [
        `${name}/${id}`,
        Object.keys(permissions).filter((scope) => permissions[scope] === 'write'),
      ]),
    );
    expect(Object.fromEntries(writing.filter(([, scopes]) => scopes?.length))).toEqual({
      'release/images': ['packages', 'id-token', 'attestations'],
      'release/chart': ['packages', 'id-token', 'attestations'],
      'release/notes': ['contents', 'id-token', 'attestations'],
      'drift/drift': ['issues'],
    });
  });

  test('post the status of promotions as the App alone: a ruleset takes it from one', () => {
    const posting = steps().filter(({ run = '' }) => {
      const isCommand = /cofferdam -- (promote|rollback|pin) /.test(run);
      const writesNothing = /--dry-run|pin --file/.test(run);
      return (isCommand && !writesNothing) || run.includes('context=cofferdam/promotion');
    });
    expect(posting.map(({ place }) => place).sort()).toEqual([
      'pins/pins',
      'promote/propose',
      'promote/say',
      'release/pin',
      'rollback/rollback',
    ]);
    const token = `\${{ steps.app.outputs.token }}`;
    for (const { place, env } of posting)
      expect([place, env?.['APP_TOKEN'] ?? env?.['GITHUB_TOKEN']]).toEqual([place, token]);
    const apps = steps().filter(({ uses }) => uses?.startsWith('actions/create-github-app-token@'));
    expect(new Set(apps.map((step) => step.with?.['client-id'])).size).toBe(1);
    // The permissions that a token is asked for; without any it would have all that the App has.
    for (const step of apps)
      expect(Object.keys(step.with ?? {})).toEqual(expect.arrayContaining(['permission-statuses']));
  });

  test('hold no key but that of the App, for an hour at a time, and read-only tokens', () => {
    const secrets = workflows.flatMap(({ text }) =>
      [...text.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name),
    );
    expect([...new Set(secrets)].sort()).toEqual([
      'ARGOCD_AUTH_TOKEN',
      'PROMETHEUS_TOKEN',
      'PROMOTION_APP_PRIVATE_KEY',
    ]);
    const places = steps().filter((step) => JSON.stringify(step).includes('PROMOTION_APP_PRIVATE_KEY'));
    expect(places.map(({ uses }) => uses?.split('@')[0])).toEqual(
      places.map(() => 'actions/create-github-app-token'),
    );
    // An environment of GitHub's says who approves, and keeps the key from every other job.
    for (const { place } of places) {
      const [name = '', job = ''] = place.split('/');
      expect(workflow(name).jobs[job]?.environment).toBeDefined();
    }
  });

  test('run nothing of a pull request with rights that it has not', () => {
    const trusting = workflows.filter(({ text }) => /pull_request_target|workflow_run/.test(text));
    expect(trusting.map(({ name }) => name)).toEqual(['pins']);
    const used = steps(trusting).flatMap(({ uses }) => uses?.split('@')[0] ?? []);
    expect(used).toEqual(['actions/create-github-app-token']);
  });

  test('leave no credential in the work tree, and put nothing that others wrote into a script', () => {
    const checkouts = steps().filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(
      checkouts.filter((step) => step.with?.['persist-credentials'] !== false).map(({ place }) => place),
    ).toEqual([]);
    const mixed = steps().filter(({ run }) => /\$\{\{(?!\s*matrix\.)/.test(run ?? ''));
    expect(mixed.map(({ place }) => place)).toEqual([]);
  });

  test('call the command line as it is', () => {
    const commands = [promoteCommand, rollbackCommand, driftCommand, pinCommand, changelogCommand].map(
      (make) => make(terminal),
    );
    const calls = steps().flatMap(({ run = '' }) =>
      [...run.replaceAll('\\\n', ' ').matchAll(/npm run --silent cofferdam -- ([^|>\n]*)/g)].map(
        ([, words = '']) => words.trim(),
      ),
    );
    expect(calls.map((words) => words.split(' ')[0]).sort()).toEqual([
      ...['changelog', 'drift', 'pin', 'pin', 'pin', 'promote', 'promote', 'promote', 'rollback'],
    ]);
    for (const words of calls) {
      const command = commands.find((one) => one.name() === words.split(' ')[0]);
      const flags = words.split(/\s+/).filter((word) => /^--?[a-z]/.test(word));
      const known = command?.options.flatMap(({ short, long }) => [short, long]);
      expect(flags.filter((flag) => !known?.includes(flag))).toEqual([]);
    }
  });

  test('check what contributors check', () => {
    expect(
      steps([workflow('check')])
        .map(({ run }) => run)
        .filter(Boolean),
    ).toEqual(['bash .ci/run']);
    for (const command of ['npm run check', 'npm test', 'npm run demo -- --exit'])
      expect(read('.ci/run')).toContain(`step ${command}\n`);
  });

  test('release every image that there is, with the Helm that the tests run', () => {
    expect(workflow('release').jobs['images']?.strategy?.matrix['image']).toEqual(
      images().map(({ name }) => name),
    );
    const helm = (text: string) => /helm\.sh\/helm\/v3\/cmd\/helm@(v[\d.]+)/.exec(text)?.[1];
    expect(helm(workflow('release').text)).toBe(helm(read('.ci/run')));
  });

  test('are the identity that a promotion asks of an image', () => {
    const { images } = parse(read('environments/promotion.yaml'));
    const identity = 'https://github.com/cofferdam/cofferdam/.github/workflows/release.yaml@refs/tags/v1.2.3';
    expect(identity).toMatch(new RegExp(images.identity));
    expect(identity.replace('release', 'check')).not.toMatch(new RegExp(images.identity));
  });
});

function readsAtMost(permissions: unknown): boolean {
  return (
    typeof permissions === 'object' &&
    permissions !== null &&
    Object.entries(permissions).every(([scope, level]) => scope === 'contents' && level === 'read')
  );
}
