import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KubeObject } from '../src/engine/index.ts';
import { PAYMENT_VAULTS } from '../src/reconcile/resources.ts';
import { isRolledOut } from '../src/status/observed-types.ts';
import { facts, paymentVault } from './fixtures.ts';
import { identity, type SlowCluster, startSlowCluster } from './slow-cluster.ts';
import { needsPlayedWorkloads } from './target-cluster.ts';

const VAULTS = 16;
const MAX_ROLLOUTS = 4;
const name = (index: number) => `v${String(index).padStart(2, '0')}`;
const image = (of: string, digit: string) => `ghcr.io/cofferdam/${of}@sha256:${digit.repeat(64)}`;
const imagesOf = (digit: string) => ({
  vault: image('vault', digit),
  router: image('router', digit),
  connector: image('connector', digit),
});
const newer = { ...identity, version: '2.0.0', images: imagesOf('b'), maxRollouts: MAX_ROLLOUTS };

type Vault = KubeObject & {
  status?: {
    conditions?: { type: string; status: string; reason: string; message: string }[];
    operatorVersion?: string;
    rollout?: { release: string };
  };
};
let cluster: SlowCluster;
beforeAll(async () => {
  cluster = await startSlowCluster(60);
  for (let index = 0; index < VAULTS; index++) await create(name(index));
});
afterAll(() => cluster?.stop());

async function create(vault: string): Promise<void> {
  const { granteePrincipal: _, ...kms } = paymentVault().spec.kms;
  const resource = paymentVault({ vaultId: `upgrade-${vault}`, kms });
  await cluster.admin.create(PAYMENT_VAULTS, {
    ...resource,
    metadata: { name: vault, namespace: 'payments-dev' },
  });
}
const vaults = async () => (await cluster.admin.list<Vault>(PAYMENT_VAULTS)).items;
const said = (vault: Vault | undefined, type: string) =>
  vault?.status?.conditions?.find((condition) => condition.type === type);
const reasons = (all: Vault[]) => new Set(all.map((vault) => said(vault, 'Ready')?.reason));
const settled = (reason = 'Succeeded') =>
  vi.waitFor(async () => expect(reasons(await vaults())).toEqual(new Set([reason])), {
    timeout: 60_000,
    interval: 400,
  });
const images = () =>
  new Set(cluster.deployments.store.list().map(({ spec }) => spec?.template?.spec?.containers?.[0]?.image));

/** The most Deployments that were seen rolling at once since then. */
function watchRolling(): () => number {
  let most = 0;
  const look = () => {
    const rolling = cluster.deployments.store.list().filter((one) => !isRolledOut(one)).length;
    most = Math.max(most, rolling);
  };
  cluster.deployments.subscribe({ added: look, updated: look });
  return () => most;
}

test(
  'an operator with other images restarts so many at a time, also when it is itself restarted meanwhile',
  needsPlayedWorkloads,
  async () => {
    const first = cluster.startOperator({ identity });
    await settled();
    await first.stop();
    const most = watchRolling();
    cluster.podsStart = false;
    const second = cluster.startOperator({ identity: newer });
    const queued = await vi.waitFor(
      async () => {
        const waiting = (await vaults()).filter((vault) => said(vault, 'Ready')?.reason === 'RolloutQueued');
        expect(waiting.length).toBe(VAULTS - MAX_ROLLOUTS);
        return waiting;
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(said(queued[0], 'Reconciling')).toMatchObject({
      status: 'True',
      reason: 'RolloutQueued',
      message: `the operator's new release restarts its pods when its turn comes: 1 of ${VAULTS - MAX_ROLLOUTS} waiting; under way: payments-dev/v00, payments-dev/v01, payments-dev/v02 and 1 more`,
    });
    expect(queued.map(({ metadata }) => metadata.name)[0]).toBe(name(MAX_ROLLOUTS));
    expect(said(queued[0], 'Available')?.status).toBe('True');
    expect(said(queued[0], 'DatabaseMigrated')?.status).toBe('True');
    await second.stop();
    const third = cluster.startOperator({ identity: newer });
    cluster.podsStart = true;
    await settled();
    expect(most()).toBe(MAX_ROLLOUTS);
    expect(images()).toEqual(new Set([newer.images.vault, newer.images.router]));
    await third.stop();
  },
);

test(
  'what a user changes is rolled out at once, however many others wait',
  needsPlayedWorkloads,
  async () => {
    cluster.podsStart = false;
    const operator = cluster.startOperator({
      identity: { ...newer, version: '3.0.0', images: imagesOf('c'), maxRollouts: 1 },
    });
    const last = { namespace: 'payments-dev', name: name(VAULTS - 1) };
    await vi.waitFor(
      async () =>
        expect(said(await cluster.admin.get<Vault>(PAYMENT_VAULTS, last), 'Ready')?.reason).toBe(
          'RolloutQueued',
        ),
      { timeout: 20_000, interval: 100 },
    );
    const body = { spec: { images: imagesOf('d') } };
    await cluster.admin.patch(PAYMENT_VAULTS, last, { type: 'merge', body });
    await vi.waitFor(
      () => {
        expect(images()).toContain(image('vault', 'd'));
        expect(images()).toContain(image('router', 'd'));
      },
      { timeout: 10_000 },
    );
    expect(images()).toContain(facts.images === undefined ? '' : newer.images.router);
    await operator.stop();
    cluster.podsStart = true;
  },
);

test(
  'an older operator changes nothing of what a newer one has acted on, and says so, until it is told otherwise',
  needsPlayedWorkloads,
  async () => {
    const before = images();
    const older = cluster.startOperator({ identity });
    await settled('OperatorTooOld');
    expect(images()).toEqual(before);
    const vault = (await vaults())[0];
    expect(said(vault, 'Stalled')?.message).toMatch(
      /^operator 3\.0\.0 has acted on it, and this is the older 1\.0\.0/,
    );
    expect(vault?.status).toMatchObject({ operatorVersion: '3.0.0' });
    const annotations = { 'payments.cofferdam.dev/accepted-operator': '1.0.0' };
    const body = { metadata: { annotations } };
    const [{ metadata }] = (await vaults()) as [Vault];
    await cluster.admin.patch(PAYMENT_VAULTS, metadata, { type: 'merge', body });
    await vi.waitFor(
      async () => {
        const again = await cluster.admin.get<Vault>(PAYMENT_VAULTS, metadata);
        expect(said(again, 'Ready')?.reason).toBe('Succeeded');
        expect(again.status?.operatorVersion).toBe('1.0.0');
      },
      { timeout: 10_000, interval: 100 },
    );
    await older.stop();
  },
);
