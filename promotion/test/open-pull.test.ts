import { beforeEach, describe, expect, it } from 'vitest';
import { type PromoteOptions, PromotionError, pin, promote, rollback } from '../src/index.ts';
import { environmentFiles, image, releaseOf, type Scenario, scenario } from './support/scenario.ts';

/** What is open may be merged at any moment: its commit says `success` only while that is known to be right. */
let s: Scenario;
beforeEach(async () => {
  s = await scenario();
});
const run = (options: Partial<PromoteOptions> = {}) =>
  promote(s.ports, s.config, { from: 'staging', to: 'prod', dryRun: false, again: false, ...options });
const said = (branch = 'promote/prod') => s.world.said.get(s.world.branches.get(branch) ?? '')?.[0];
const refuse = (name: string, code: 'repository_forbidden' | 'host_unreachable') => {
  s.world.beforeWrite = (write) => {
    if (write === name) throw new PromotionError(code, name);
  };
};
const release = (n: number, environment = 'staging') =>
  s.world.push(environmentFiles(environment, n, environment === 'prod' ? 3 : 2));

describe('a pull request that is not wanted any more', () => {
  it('fails where the source went back to what the target runs, also where the token may not close it', async () => {
    await run();
    release(1);
    refuse('close', 'repository_forbidden');
    await expect(run()).rejects.toMatchObject({ code: 'repository_forbidden' });
    expect(s.world.openPulls()).toHaveLength(1);
    expect(said()?.state).not.toBe('success');
    s.world.beforeWrite = () => {};
    expect(await run()).toMatchObject({ outcome: 'nothing', closed: 1 });
    expect(said()).toMatchObject({
      state: 'failure',
      description: 'prod runs what staging runs: nothing is left to do.',
    });
  });

  it('fails where the target was rolled back from it', async () => {
    await run();
    release(2, 'prod');
    release(1, 'prod');
    await expect(run()).rejects.toMatchObject({ code: 'rolled_back' });
    expect(said()).toMatchObject({ state: 'failure', description: expect.stringContaining('rolled back') });
    expect(s.world.openPulls()).toEqual([]);
  });

  it('is closed by pin and by rollback, too', async () => {
    const images = { vault: image('vault', 3) };
    const toDev = () => pin(s.ports, s.config, { environment: 'dev', images, release: 'v3', dryRun: false });
    await toDev();
    const text = s.world.text('release/dev', 'environments/dev/release.yaml') ?? '';
    const rendered = s.world.text('release/dev', 'environments/dev/rendered/70-deployment.yaml');
    s.world.push({
      'environments/dev/release.yaml': text,
      'environments/dev/rendered/70-deployment.yaml': rendered,
    });
    expect(await toDev()).toMatchObject({ outcome: 'nothing', closed: 1 });
    expect(said('release/dev')).toMatchObject({ state: 'failure' });

    release(2, 'prod');
    const options = { environment: 'prod', dryRun: false, skipSchemaCheck: true };
    const back = await rollback(s.ports, s.config, options);
    expect(back).toMatchObject({ outcome: 'opened' });
    release(1, 'prod');
    expect(await rollback(s.ports, s.config, { ...options, to: back.to })).toMatchObject({
      outcome: 'nothing',
      closed: 2,
    });
    expect(said('rollback/prod')).toMatchObject({ state: 'failure' });
  });
});

describe('a pull request that could not be checked', () => {
  const doubted = async (code: string, options: Partial<PromoteOptions> = {}) => {
    await expect(run(options)).rejects.toMatchObject({ code });
    expect(said()).toMatchObject({ state: 'pending', description: `could not be checked (${code})` });
  };
  beforeEach(async () => {
    await run();
    expect(said()?.state).toBe('success');
  });

  it('because Prometheus does not answer', async () => {
    const slo = { state: () => Promise.reject(new PromotionError('slo_unreachable', 'gone')) };
    s = Object.assign(s, { ports: { ...s.ports, slo } });
    await doubted('slo_unreachable');
  });
  it('because the source has digests of zeros', async () => {
    release(0);
    await doubted('unreleased');
  });
  it('because the rendered files are not what their inputs give', async () => {
    s.world.push({ 'environments/prod/rendered/99-more.yaml': 'kind: Secret\n' });
    await doubted('rendered_stale');
  });
  it('is left alone by a dry run', async () => {
    release(0);
    await expect(run({ dryRun: true })).rejects.toMatchObject({ code: 'unreleased' });
    expect(said()?.state).toBe('success');
  });
  it('and the host takes no status: what went wrong first is what is thrown', async () => {
    release(0);
    refuse('setStatus', 'host_unreachable');
    await expect(run()).rejects.toMatchObject({ code: 'unreleased' });
  });
});

describe('--again', () => {
  beforeEach(() => {
    release(2, 'prod');
    release(1, 'prod');
  });
  it('is kept by what it opened, while that proposes the same', async () => {
    await expect(run()).rejects.toMatchObject({ code: 'rolled_back' });
    expect(await run({ again: true })).toMatchObject({ outcome: 'opened' });
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
    s.world.push(environmentFiles('prod', 1, 5));
    expect(await run()).toMatchObject({ outcome: 'updated' });
  });
  it('is not taken from a pull request that proposes something else', async () => {
    await run({ again: true });
    const [pull] = s.world.openPulls();
    if (pull === undefined) throw new Error('nothing open');
    pull.body = pull.body.replaceAll('0002', '0003').replaceAll('000000000002', '000000000003');
    await expect(run()).rejects.toMatchObject({ code: 'rolled_back' });
  });
});

describe('--status-only', () => {
  it('says of what is open that it holds, or that it is another than the source would bring', async () => {
    expect(await run({ statusOnly: true })).toMatchObject({ outcome: 'opened' });
    expect(s.world.writes).toEqual([]);
    await run();
    s.syncer.states.set('staging', { ...(await stateOf()), health: 'Degraded' });
    await run({ statusOnly: true });
    expect(said()?.state).toBe('pending');
    s.syncer.states.set('staging', await stateOf('Healthy'));
    await run({ statusOnly: true });
    expect(said()?.state).toBe('success');
    s.syncer.syncs('staging', release(3), s.world.nowMs);
    s.world.nowMs += 61 * 60_000;
    const head = s.world.branches.get('promote/prod');
    expect(await run({ statusOnly: true })).toMatchObject({ outcome: 'updated' });
    expect(s.world.branches.get('promote/prod')).toBe(head);
    expect(said()).toMatchObject({
      state: 'pending',
      description: 'not what staging would bring by now',
    });
  });
});

describe('a main that moves', () => {
  it('after the gates have passed: success is not said again', async () => {
    await run();
    s.syncer.states.set('staging', { ...(await stateOf()), health: 'Degraded' });
    await run();
    s.syncer.states.set('staging', await stateOf('Healthy'));
    s.world.checkout = await s.world.head();
    const { health } = s.ports;
    let asked = 0;
    const state: typeof health.state = async (...words) => {
      asked += 1;
      // After the branch was looked at, which is later than the gates.
      queueMicrotask(() => void s.world.push({ 'README.md': 'more' }));
      return health.state(...words);
    };
    await expect(
      promote({ ...s.ports, health: { state } }, s.config, {
        ...{ from: 'staging', to: 'prod', dryRun: false, again: false },
      }),
    ).rejects.toMatchObject({ code: 'target_moved' });
    expect(asked).toBe(1);
    expect(said()?.state).toBe('pending');
  });

  it('while the pull request is opened: it stays without success', async () => {
    s.world.checkout = await s.world.head();
    s.world.beforeWrite = (name) => {
      if (name === 'open') s.world.push({ 'README.md': 'more' });
    };
    await expect(run()).rejects.toMatchObject({ code: 'target_moved' });
    expect(said()?.state).not.toBe('success');
  });
});

it('another release: the text changes before the branch, and the old commit is held back before both', async () => {
  await run();
  const old = s.world.branches.get('promote/prod') ?? '';
  const revision = release(3);
  s.syncer.syncs('staging', revision, s.world.nowMs);
  s.world.nowMs += 61 * 60_000;
  const start = s.world.writes.length;
  refuse('setBranch', 'host_unreachable');
  await expect(run()).rejects.toMatchObject({ code: 'host_unreachable' });
  expect(s.world.said.get(old)?.[0]?.state).toBe('pending');
  expect(s.world.writes.slice(start, start + 3)).toEqual(['createCommit', 'setStatus', 'update']);
  s.world.beforeWrite = () => {};
  expect(await run()).toMatchObject({ outcome: 'updated' });
  expect(said()?.state).toBe('success');
});

describe('a branch that was merged and not deleted', () => {
  it.each(['squash', 'merge commit'] as const)('by %s is written anew for the next one', async (how) => {
    const { pullRequest } = await run();
    s.world.merge(pullRequest?.number ?? 0, how);
    s.world.push(environmentFiles('prod', 1, 3), { subject: 'rollback' });
    const merged = s.world.branches.get('promote/prod') ?? '';
    expect(await run({ again: true })).toMatchObject({ outcome: 'opened', pullRequest: { number: 2 } });
    const head = s.world.branches.get('promote/prod') ?? '';
    expect(await s.world.contains(await s.world.head(), merged)).toBe(how === 'merge commit');
    expect(await s.world.contains(await s.world.head(), head)).toBe(false);
    expect(releaseOf(s.world.text('promote/prod', 'environments/prod/release.yaml'))).toBe(2);
    expect(await run({ again: true })).toMatchObject({ outcome: 'unchanged' });
  });
});

async function stateOf(health?: 'Healthy') {
  const state = await s.syncer.state('staging');
  if (state === undefined) throw new Error('no state');
  return { ...state, ...(health && { health }) };
}
