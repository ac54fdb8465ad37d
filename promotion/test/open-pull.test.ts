import { beforeEach, describe, expect, it } from 'vitest';
import {
  hostedRepository,
  type PromoteOptions,
  PromotionError,
  pin,
  promote,
  rollback,
  sayMisconfigured,
} from '../src/index.ts';
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

describe('a promotion.yaml that is not valid', () => {
  const PATH = 'environments/promotion.yaml';
  const open = { branch: 'promote/prod', base: 'main', dryRun: false };
  const error = new PromotionError(
    'config_invalid',
    `${PATH}:3:1 soak: unknown member\ncorrect it and commit`,
  );
  const say = (options = open) => sayMisconfigured({ repository: s.world, host: s.world }, options, error);
  beforeEach(async () => {
    await run();
    expect(said()?.state).toBe('success');
  });

  it('is said of what is open, with what is wrong', async () => {
    await say();
    expect(said()).toMatchObject({
      state: 'error',
      description: `${PATH}:3:1 soak: unknown member; correct it and commit`,
    });
    const before = s.world.writes.length;
    await say();
    expect(s.world.writes.length).toBe(before);
    expect(await run()).toMatchObject({ outcome: 'updated' });
    expect(said()?.state).toBe('success');
  });

  it('is not said in a dry run, nor of a branch that somebody tries things on', async () => {
    await say({ ...open, dryRun: true });
    s.world.checkout = await s.world.head();
    s.world.push({ 'README.md': 'more' });
    await say();
    expect(said()?.state).toBe('success');
  });

  it.each([
    ['a member of it is wrong', (text: string) => `${text}soak: 1\n`],
    ['it is no YAML', () => 'repository: {owner: acme\n'],
    ['it does not say where the repository is', (text: string) => text.replace('name: payments, ', '')],
    ['it is not there', () => undefined],
  ])('is known to be of this repository where %s', async (_, edit) => {
    const good = s.world.text('main', PATH) ?? '';
    s.world.push({ [PATH]: edit(good) });
    const head = await s.world.head();
    expect(await hostedRepository(s.world, head)).toEqual({ owner: 'acme', name: 'payments', base: 'main' });
  });
});

describe('a target that no step leads to any more', () => {
  const without = () => ({ ...s.config, steps: s.config.steps.filter(({ to }) => to !== 'prod') });
  const withoutProd = () => promote(s.ports, without(), { to: 'prod', dryRun: false, again: false });

  it('has nothing open, and the run says so', async () => {
    await run();
    await expect(withoutProd()).rejects.toMatchObject({
      code: 'environment_unknown',
      message: expect.stringMatching(/has no step to prod; .*; pull request 1 was closed$/),
    });
    expect(said()).toMatchObject({ state: 'failure' });
    expect(s.world.openPulls()).toEqual([]);
  });

  it('unless only some older or other commit says so', async () => {
    s.world.checkout = await s.world.head();
    await run();
    s.world.push({ 'README.md': 'more' });
    const before = s.world.writes.length;
    await expect(withoutProd()).rejects.toMatchObject({ code: 'environment_unknown' });
    expect(s.world.writes.length).toBe(before);
  });

  it('is no matter of a source that somebody got wrong', async () => {
    await run();
    await expect(run({ from: 'dev' })).rejects.toMatchObject({ code: 'environment_unknown' });
    expect(said()?.state).toBe('success');
  });
});

describe('labels of an open pull request', () => {
  it('that say what is not so any more go, and those of people stay', async () => {
    await run();
    const [pull] = s.world.openPulls();
    pull?.labels.push('changes/policy', 'changes/permissions', 'changes/database', 'urgent');
    expect(await run({ dryRun: true })).toMatchObject({ outcome: 'updated' });
    expect(await run()).toMatchObject({ outcome: 'updated' });
    expect(pull?.labels).toEqual(['promotion', 'env/prod', 'changes/database', 'urgent']);
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
  });

  it('that say what is so stay', async () => {
    // Release 2 has a policy that release 1 had not.
    const { render } = s.ports;
    const policy =
      'kind: NetworkPolicy\nmetadata: {name: vault, namespace: payments}\nspec: {podSelector: {}}\n';
    const withPolicy: typeof render = (inputs) =>
      new Map([
        ...render(inputs),
        ...(releaseOf(inputs.release) === 2 ? [['80-policy.yaml', policy] as const] : []),
      ]);
    s.world.push({ 'environments/staging/rendered/80-policy.yaml': policy });
    s.syncer.syncs('staging', await s.world.head(), s.world.nowMs - 61 * 60_000);
    s = Object.assign(s, { ports: { ...s.ports, render: withPolicy } });
    await run();
    expect(s.world.openPulls()[0]?.labels).toEqual(['promotion', 'env/prod', 'changes/policy']);
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
  });
});

describe('the same pins, after they were rolled back', () => {
  const merge = async (result: Promise<{ pullRequest?: { number: number } }>) =>
    s.world.merge((await result).pullRequest?.number ?? 0);
  const back = () =>
    rollback(s.ports, s.config, { environment: 'prod', dryRun: false, skipSchemaCheck: true });

  it('are refused, and neither swallowed nor taken from the pull request that is merged', async () => {
    await merge(run());
    await merge(back());
    await expect(run()).rejects.toMatchObject({ code: 'rolled_back' });
    expect(s.world.openPulls()).toEqual([]);
    expect(await run({ again: true })).toMatchObject({ outcome: 'opened', pullRequest: { number: 3 } });
    expect(said()?.state).toBe('success');
    const [pull] = s.world.openPulls();
    expect(pull).toMatchObject({ labels: ['promotion', 'env/prod'] });
    expect(pull?.body).not.toContain('[x]');
  });

  it('are asked for each time anew: a decision is kept by what is open alone', async () => {
    await merge(run());
    await merge(back());
    await merge(run({ again: true }));
    expect(await run()).toMatchObject({ outcome: 'nothing' });
    await merge(back());
    await expect(run()).rejects.toMatchObject({ code: 'rolled_back' });
    await run({ again: true });
    const [pull] = s.world.openPulls();
    if (pull === undefined) throw new Error('nothing open');
    pull.state = 'closed';
    await expect(run()).rejects.toMatchObject({ code: 'rolled_back' });
    expect(await run({ again: true })).toMatchObject({ outcome: 'opened', pullRequest: { number: 6 } });
  });

  it('are forgotten when another release comes, and then comes back for itself', async () => {
    await merge(run());
    await merge(back());
    s.syncer.syncs('staging', release(3), s.world.nowMs);
    s.world.nowMs += 61 * 60_000;
    await merge(run());
    expect(releaseOf(s.world.text('main', 'environments/prod/release.yaml'))).toBe(3);
    s.syncer.syncs('staging', release(2), s.world.nowMs);
    s.world.nowMs += 61 * 60_000;
    // Forward from 3 to what prod has had: nobody went back from it to what is there now.
    expect(await run()).toMatchObject({ outcome: 'opened' });
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
    await expect(run()).rejects.toMatchObject({
      code: 'target_moved',
      message: expect.stringContaining('and pull request 1 may not be merged before the next run'),
    });
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
