import type { PaymentVaultStatus } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import type { KeyOutcome, KeyPlan } from '../../src/desired/key.ts';
import { podSelector } from '../../src/desired/names.ts';
import { KubeError } from '../../src/engine/index.ts';
import { bindKey, retireKeys } from '../../src/reconcile/bind-key.ts';
import type { Context } from '../../src/reconcile/context.ts';
import { facts, GRANTEE, paymentVault } from '../fixtures.ts';

/** Only what binding a key touches: the status that it writes, the events, and the grants that it gives up. */
function world(outcome: KeyOutcome, roles: string[] = []) {
  const plans: KeyPlan[] = [];
  const events: string[] = [];
  const statuses: (PaymentVaultStatus['kms'] | undefined)[] = [];
  const retired: string[] = [];
  const failure: { error?: Error } = {};
  const context = {
    facts: () => facts,
    caches: { pods: { store: { byIndex: () => roles.map(vaultPod) } } },
    key: {
      ask: async (_: string, plan: KeyPlan) => {
        plans.push(plan);
        return outcome;
      },
      doubt() {},
      forget() {},
    },
    events: { record: (_: unknown, event: { reason: string }) => void events.push(event.reason) },
    log: { info() {}, warn() {}, error() {} },
    client: {
      applyStatus: async (_: unknown, body: { status: PaymentVaultStatus }) => {
        statuses.push(body.status.kms);
        return { metadata: { resourceVersion: '2' } };
      },
    },
    retireKey: async (_: unknown, keyArn: string) => {
      if (failure.error !== undefined) throw failure.error;
      retired.push(keyArn);
    },
  } as unknown as Context;
  return { context, events, statuses, retired, failure, plans };
}
const vaultPod = (role: string) => ({
  metadata: {
    name: 'pod',
    labels: podSelector({ role: 'vault', instance: 'payments' }, 'api'),
    annotations: { 'eks.amazonaws.com/role-arn': role },
  },
});
const workload = {
  name: 'payments-vault',
  deployment: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'payments-vault', generation: 1 },
    spec: { replicas: 1 },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
  },
  trouble: undefined,
};
const statuszWith = (inUse: string[]) => ({
  service: 'vault' as const,
  version: '1',
  instance: 'a',
  key: { keyArn: 'new', state: 'usable' as const, inUse },
});
const vaultWith = (kms: PaymentVaultStatus['kms']) => ({ ...paymentVault(), status: { kms } });

test('a key that takes the place of another is written down before anything else is done with it', async () => {
  const { context, events, statuses } = world({ keyArn: 'new', origin: 'Supplied' });
  const { key, vault } = await bindKey(context, vaultWith({ keyArn: 'old', origin: 'Created' }));
  expect(key.previousKeyArns).toEqual(['old']);
  expect(statuses).toEqual([{ keyArn: 'new', origin: 'Supplied', previousKeyArns: ['old'] }]);
  expect(events).toEqual(['KeyReplaced']);
  expect(vault.metadata.resourceVersion).toBe('2');
  const again = world({ keyArn: 'new', origin: 'Supplied' });
  await bindKey(again.context, vault);
  expect([again.statuses, again.events]).toEqual([[], []]);
});

test('while KMS cannot be asked or throttles, the binding stands; a first binding writes no status of its own', async () => {
  const before = { keyArn: 'arn', origin: 'Created', grantId: 'g', previousKeyArns: ['old'] } as const;
  for (const reason of ['KmsUnreachable', 'KmsThrottled', 'KmsAccessDenied'] as const) {
    const { context, statuses } = world({ problem: { reason, message: 'away' } });
    const { key } = await bindKey(context, vaultWith({ ...before, previousKeyArns: ['old'] }));
    expect(key).toMatchObject({ ...before, problem: { reason } });
    expect(statuses).toEqual([]);
  }
  const fresh = world({ keyArn: 'arn' });
  expect((await bindKey(fresh.context, paymentVault())).key).toMatchObject({ keyArn: 'arn' });
  expect(fresh.statuses).toEqual([]);
});

test('what was repaired becomes an event', async () => {
  const repaired = [{ reason: 'GrantMissing', message: 'made again' }] as const;
  const { context, events } = world({ keyArn: 'arn', repaired });
  await bindKey(context, vaultWith({ keyArn: 'arn' }));
  expect(events).toEqual(['GrantMissing']);
});

test('a key that nothing needs is retired once; a KMS that is away leaves it for the next time', async () => {
  const { context, events, retired, failure } = world({});
  const options = {
    key: { keyArn: 'new', previousKeyArns: ['old'] },
    seen: { workloads: { vault: workload }, statusz: statuszWith(['new']) },
  };
  failure.error = new Error('away');
  expect((await retireKeys(context, paymentVault(), options)).previousKeyArns).toEqual(['old']);
  failure.error = new KubeError('not_leading', 'not sent');
  await expect(retireKeys(context, paymentVault(), options)).rejects.toMatchObject({ code: 'not_leading' });
  delete failure.error;
  expect((await retireKeys(context, paymentVault(), options)).previousKeyArns).toEqual([]);
  expect([retired, events]).toEqual([['old'], ['KeyRetired']]);
});

test('a key that the vault needs and that was retired is one of before again', async () => {
  const { context, retired } = world({});
  const options = {
    key: { keyArn: 'new', previousKeyArns: [] },
    seen: { workloads: { vault: workload }, statusz: statuszWith(['new', 'retired']) },
  };
  expect((await retireKeys(context, paymentVault(), options)).previousKeyArns).toEqual(['retired']);
  expect(retired).toEqual([]);
});

test('with as many keys of before as a status holds the vault stays with its key, and says so', async () => {
  const previousKeyArns = Array.from({ length: 16 }, (_, i) => `before-${i}`);
  const { context, statuses, events } = world({ keyArn: 'new', origin: 'Supplied' });
  const vault = vaultWith({ keyArn: 'old', origin: 'Created', previousKeyArns });
  const { key } = await bindKey(context, vault);
  expect(key).toMatchObject({ keyArn: 'old', previousKeyArns, problem: { reason: 'KeyUnsuitable' } });
  expect([statuses, events]).toEqual([[], []]);
  // Back to one of them: no more than there were.
  const back = world({ keyArn: 'before-3' });
  expect((await bindKey(back.context, vault)).key.problem).toBeUndefined();
});

test('while a pod of an earlier role runs, the grants of other roles stay', async () => {
  for (const [roles, stay] of [
    [[GRANTEE, 'arn:aws:iam::000000000000:role/before'], true],
    [[GRANTEE], undefined],
    [[], undefined],
  ] as const) {
    const { context, plans } = world({ keyArn: 'arn' }, [...roles]);
    await bindKey(context, vaultWith({ keyArn: 'arn' }));
    expect(plans.map(({ rolesOfBefore }) => rolesOfBefore)).toEqual([stay]);
  }
});

test("a merchant's key is written down before KMS is asked to grant it, and goes when the vault needs it no more", async () => {
  const [keyArn, old] = ['arn:aws:kms:eu-central-1:1:key/new', 'arn:aws:kms:eu-central-1:1:key/old'];
  const { context, statuses, plans, retired } = world({ keyArn: 'arn' });
  const merchantKeys = [{ merchant: 'acme', keyArn }];
  const vault = { ...vaultWith({ keyArn: 'arn' }), spec: paymentVault({ keys: { merchantKeys } }).spec };
  const bound = await bindKey(context, vault);
  expect(statuses).toEqual([
    { keyArn: 'arn', merchantKeys: [{ merchant: 'acme', keyArn, state: 'NotBound' }] },
  ]);
  expect(plans).toMatchObject([{ merchantKeys }]);

  const key = {
    keyArn: 'new',
    merchantKeys: [{ merchant: 'acme', keyArn: old, retiring: true as const }, ...merchantKeys],
  };
  const seen = (inUse: string[]) => ({ workloads: { vault: workload }, statusz: statuszWith(inUse) });
  const options = { key, seen: seen(['new', keyArn, old]) };
  const before = {
    ...bound.vault,
    status: { kms: { merchantKeys: [{ merchant: 'acme', keyArn: old, state: 'Bound' as const }] } },
  };
  // In use, and no key of the vault's own from before for that.
  expect(await retireKeys(context, before, options)).toEqual({ ...key, previousKeyArns: [] });
  expect(await retireKeys(context, before, { key, seen: seen(['new', keyArn]) })).toEqual({
    keyArn: 'new',
    merchantKeys,
    previousKeyArns: [],
  });
  expect(retired).toEqual([old]);
});
