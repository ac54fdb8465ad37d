import { beforeEach, describe, expect, it } from 'vitest';
import { type PromoteOptions, promote } from '../src/index.ts';
import { environmentFiles, releaseYaml, type Scenario, scenario } from './support/scenario.ts';

const MINUTE = 60_000;
let s: Scenario;
beforeEach(async () => {
  s = await scenario();
});
const run = (options: Partial<PromoteOptions> = {}) =>
  promote(s.ports, s.config, { from: 'staging', to: 'prod', dryRun: false, again: false, ...options });
const merge = async () => {
  const { pullRequest } = await run();
  s.world.merge(pullRequest?.number ?? 0);
};

describe('promote', () => {
  it('opens one pull request with the release and what is rendered from it, and nothing else', async () => {
    const result = await run();
    expect(result).toMatchObject({ outcome: 'opened', branch: 'promote/prod', pullRequest: { number: 1 } });
    const { world } = s;
    const changed = paths('promote/prod').filter(
      (path) => world.text('promote/prod', path) !== world.text('main', path),
    );
    expect(changed).toEqual([
      'environments/prod/release.yaml',
      'environments/prod/rendered/70-deployment.yaml',
    ]);
    expect(world.text('promote/prod', 'environments/prod/release.yaml')).toBe(releaseYaml(2));
    expect(world.text('promote/prod', 'environments/prod/rendered/70-deployment.yaml')).toContain(
      'replicas: 3',
    );
    expect(world.openPulls()).toMatchObject([
      { labels: ['promotion', 'env/prod'], head: 'promote/prod', base: 'main', state: 'open' },
    ]);
    expect(world.openPulls()[0]?.body).toContain('- [ ] Nobody is working on an incident in prod');
    const head = world.branches.get('promote/prod') ?? '';
    expect(world.said.get(head)).toMatchObject([{ context: 'cofferdam/promotion', state: 'success' }]);
  });

  it('changes nothing when it runs again, and says so', async () => {
    await run();
    const before = s.world.writes.length;
    s.world.nowMs += 30 * MINUTE;
    expect(await run()).toMatchObject({ outcome: 'unchanged', pullRequest: { number: 1 } });
    expect(s.world.writes.length).toBe(before);
  });

  it('writes nothing in a dry run, and says what it would do', async () => {
    expect(await run({ dryRun: true })).toMatchObject({ outcome: 'opened' });
    expect(s.world.writes).toEqual([]);
  });

  it('leaves the branch when only other parts of main moved on', async () => {
    await run();
    const branch = s.world.branches.get('promote/prod');
    s.world.push({ 'README.md': 'more' });
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
    expect(s.world.branches.get('promote/prod')).toBe(branch);
  });

  it('renders anew when the configuration of the target changed meanwhile', async () => {
    await run();
    s.world.push(environmentFiles('prod', 1, 5));
    expect(await run()).toMatchObject({ outcome: 'updated', pullRequest: { number: 1 } });
    expect(s.world.text('promote/prod', 'environments/prod/rendered/70-deployment.yaml')).toContain(
      'replicas: 5',
    );
  });

  it('takes away what somebody else put on its branch', async () => {
    await run();
    const { world } = s;
    const parent = await world.head('promote/prod');
    if (parent === undefined) throw new Error('no branch');
    const foreign = await world.createCommit({ parent, files: new Map([['x', 'y']]), message: 'sneak in' });
    await world.setBranch('promote/prod', { from: parent.revision, to: foreign.revision });
    expect(await run()).toMatchObject({ outcome: 'updated' });
    expect(world.text('promote/prod', 'x')).toBeUndefined();
  });

  it('takes away what somebody else put into its commit', async () => {
    await run();
    const { world } = s;
    const [parent, branch] = [await world.head('main'), await world.head('promote/prod')];
    if (parent === undefined || branch === undefined) throw new Error('no branch');
    const files = new Map([
      ['environments/prod/release.yaml', releaseYaml(2)],
      [
        'environments/prod/rendered/70-deployment.yaml',
        world.text('promote/prod', 'environments/prod/rendered/70-deployment.yaml'),
      ],
      ['x', 'y'],
    ]);
    const foreign = await world.createCommit({ parent, files, message: 'sneak in' });
    await world.setBranch('promote/prod', { from: branch.revision, to: foreign.revision });
    expect(await run()).toMatchObject({ outcome: 'updated' });
    expect(world.text('promote/prod', 'x')).toBeUndefined();
  });

  it('starts anew from main when somebody released something else to the target', async () => {
    await run();
    s.world.push(environmentFiles('prod', 5, 3));
    expect(await run()).toMatchObject({ outcome: 'updated', pullRequest: { number: 1 } });
    expect((await s.world.head('promote/prod'))?.parents).toEqual([await s.world.head()]);
  });

  it('keeps ticked boxes and what people wrote while the content is the same, and unticks them when it changes', async () => {
    await run();
    const pull = s.world.openPulls()[0];
    if (pull === undefined) throw new Error('nothing open');
    pull.body = `${pull.body.replace('- [ ] Nobody', '- [x] Nobody')}\n\nLooks good.`.replaceAll(
      '\n',
      '\r\n',
    );
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
    s.world.push(environmentFiles('prod', 1, 5));
    expect(await run()).toMatchObject({ outcome: 'updated' });
    expect(pull.body).toContain('- [ ] Nobody');
    expect(pull.body).toContain('Looks good.');
  });

  it('closes what is open when the target has it already', async () => {
    await run();
    s.world.push(environmentFiles('prod', 2, 3), { subject: 'by hand' });
    expect(await run()).toMatchObject({ outcome: 'nothing', closed: 1 });
    expect(s.world.openPulls()).toEqual([]);
  });

  it('does not bring back what was rolled back, unless told to', async () => {
    await merge();
    s.world.push(environmentFiles('prod', 1, 3), { subject: 'rollback(prod)' });
    await expect(run()).rejects.toMatchObject({ code: 'rolled_back' });
    expect(s.world.openPulls()).toEqual([]);
    expect(await run({ again: true })).toMatchObject({ outcome: 'opened' });
  });
});

describe('promote holds a release that', () => {
  const held = async (code: string) => {
    const before = s.world.writes.length;
    const result = await run();
    expect(result.outcome).toBe('held');
    expect(result.gates.find(({ passed }) => !passed)?.code).toBe(code);
    expect(s.world.writes.length).toBe(before);
    expect(s.world.openPulls()).toEqual([]);
  };
  const change = (state: object) => {
    const now = s.syncer.states.get('staging');
    if (now !== undefined) s.syncer.states.set('staging', { ...now, ...state });
  };

  it('Argo CD knows nothing of', async () => {
    s.syncer.states.clear();
    await held('not_synced');
  });
  it('is out of sync', async () => {
    change({ sync: 'OutOfSync' });
    await held('not_synced');
  });
  it('is synced to other content', async () => {
    s.syncer.syncs('staging', s.world.push({ ...environmentFiles('staging', 3, 2) }), 0);
    s.world.push(environmentFiles('staging', 2, 2));
    await held('not_synced');
  });
  it('is degraded', async () => {
    change({ health: 'Degraded', message: 'payments-vault has no pods' });
    await held('unhealthy');
  });
  it('was healthy for 59 of 60 minutes', async () => {
    change({ healthSince: new Date(s.world.nowMs - 59 * MINUTE).toISOString() });
    await held('not_soaked');
  });
  it('was deployed 59 minutes ago to what was healthy before', async () => {
    const revision = await s.world.head();
    change({ deployments: [{ revision, deployedAt: new Date(s.world.nowMs - 59 * MINUTE).toISOString() }] });
    await held('not_soaked');
  });
  it('nobody says since when is healthy', async () => {
    change({ healthSince: undefined });
    await held('not_soaked');
  });
  it('is not signed', async () => {
    s.evidence = { signed: false, attested: true };
    await held('images_unverified');
  });
  it('is not attested', async () => {
    s.evidence = { signed: true, attested: false };
    await held('images_unverified');
  });
  it('burns its error budget', async () => {
    s.slo = { measured: 4, unevaluated: 0, burning: [{ alert: 'VaultAvailabilityBurn' }] };
    await held('slo_burning');
  });
  it('nobody measures', async () => {
    s.slo = { measured: 0, unevaluated: 0, burning: [] };
    await held('slo_unmeasured');
  });

  it('is measured by alerts of which one is not evaluated', async () => {
    s.slo = { measured: 1, unevaluated: 4, burning: [] };
    await held('slo_unmeasured');
  });
  it('no sync is known of, however old its commit is', async () => {
    change({ deployments: [] });
    await held('not_soaked');
  });

  it('passed before and does not now: the open pull request says so', async () => {
    await run();
    change({ health: 'Degraded' });
    expect(await run()).toMatchObject({ outcome: 'held' });
    const head = s.world.branches.get('promote/prod') ?? '';
    expect(s.world.said.get(head)?.[0]).toMatchObject({
      state: 'pending',
      description: 'staging is Degraded',
    });
    const before = s.world.writes.length;
    await run();
    expect(s.world.writes.length).toBe(before);
    change({ health: 'Healthy' });
    expect(await run({ dryRun: true })).toMatchObject({ outcome: 'updated' });
    expect(await run()).toMatchObject({ outcome: 'updated' });
    expect(s.world.said.get(head)?.[0]).toMatchObject({ state: 'success' });
  });

  it('is newer than the one that is open: the open one is not to be merged any more', async () => {
    await run();
    const head = s.world.branches.get('promote/prod') ?? '';
    s.syncer.syncs('staging', s.world.push(environmentFiles('staging', 3, 2)), s.world.nowMs);
    expect(await run()).toMatchObject({ outcome: 'held' });
    expect(s.world.said.get(head)?.[0]).toMatchObject({
      state: 'pending',
      description: 'not what staging would bring by now',
    });
    s.world.nowMs += 60 * MINUTE;
    expect(await run()).toMatchObject({ outcome: 'updated' });
    const next = s.world.branches.get('promote/prod') ?? '';
    expect(s.world.said.get(next)?.[0]).toMatchObject({ state: 'success' });
    expect(s.world.text('promote/prod', 'environments/prod/release.yaml')).toBe(releaseYaml(3));
  });

  it('the soak time counts from the first sync of the same content, over commits that change something else', async () => {
    const other = s.world.push({ 'README.md': 'more' });
    s.syncer.syncs('staging', other, s.world.nowMs);
    change({ healthSince: new Date(s.world.nowMs - 119 * MINUTE).toISOString() });
    expect(await run()).toMatchObject({ outcome: 'opened' });
  });
});

describe('promote refuses, and writes nothing,', () => {
  const refused = async (code: string, options: Partial<PromoteOptions> = {}) => {
    await expect(run(options)).rejects.toMatchObject({ code });
    expect(s.world.writes).toEqual([]);
  };

  it('a work tree that is not clean', async () => {
    s.world.dirty = ['environments/prod/config.yaml'];
    await refused('tree_dirty');
  });
  it('a checkout that is behind main', async () => {
    s.world.checkout = await s.world.head();
    s.world.push({ 'README.md': 'more' });
    await refused('checkout_stale');
  });
  it('a step that is not configured', () => refused('environment_unknown', { from: 'dev', to: 'prod' }));
  it('an environment that is not there', async () => {
    s.world.push({ 'environments/prod/config.yaml': undefined });
    await refused('environment_unknown');
  });
  it('a tag instead of a digest', async () => {
    s.world.push({ 'environments/staging/release.yaml': releaseYaml(2).replace(/@sha256:\d+/, ':latest') });
    await refused('pin_invalid');
  });
  it('an unknown member', async () => {
    s.world.push({ 'environments/staging/release.yaml': `${releaseYaml(2)}chanel: x\n` });
    await refused('config_invalid');
  });
  it('digests of zeros', async () => {
    s.world.push(environmentFiles('staging', 0, 2));
    await refused('unreleased');
  });
  it('rendered files that are not what their inputs give', async () => {
    s.world.push({ 'environments/prod/rendered/99-more.yaml': 'kind: Secret\n' });
    await refused('rendered_stale');
  });
  it('a main that moves while the commit is made: no branch is written', async () => {
    s.world.checkout = await s.world.head();
    s.world.beforeWrite = () => s.world.push({ 'README.md': 'more' });
    await expect(run()).rejects.toMatchObject({ code: 'target_moved' });
    expect(s.world.branches.has('promote/prod')).toBe(false);
    expect(s.world.openPulls()).toEqual([]);
  });
  it('a main that moves while the gates are asked', async () => {
    const { health } = s.ports;
    const moving = {
      state: (environment: string, revisions: readonly string[]) => {
        s.world.checkout ??= s.world.branches.get('main');
        s.world.push({ 'README.md': String(s.world.commits.size) });
        return health.state(environment, revisions);
      },
    };
    s = Object.assign(s, { ports: { ...s.ports, health: moving } });
    await refused('target_moved');
  });
});

function paths(branch: string): string[] {
  return [...(s.world.commits.get(s.world.branches.get(branch) ?? '')?.files.keys() ?? [])];
}
