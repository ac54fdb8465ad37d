import { FINALIZER, type PSPConnectorStatus } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import { type Converge, KubeError, type KubeObject, type Resource } from '../../src/engine/index.ts';
import type { Context } from '../../src/reconcile/context.ts';
import { gatherVault } from '../../src/reconcile/observe-vault.ts';
import { reconcilePSPConnector } from '../../src/reconcile/psp-connector.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';

const DEPLOYMENT: KubeObject & { status: object } = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'stripe-connector', namespace: 'payments-dev', generation: 1 },
  status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
};
const byHost = connector('stripe', { egress: { to: [{ host: 'api.stripe.com' }], ports: [443] } });
const withTls = paymentVault({ tls: { issuerRef: { name: 'internal' } } });

type World = {
  asked?: ReturnType<typeof connector>;
  vault?: ReturnType<typeof paymentVault> | undefined;
  hasDeployment?: boolean;
  hasNetworkPolicy?: boolean;
};

/** One connector and what there is of it, in the caches and behind the API alike. */
function world({ asked = connector(), vault, hasDeployment = true, hasNetworkPolicy = true }: World) {
  const one = { ...asked, metadata: { ...asked.metadata, finalizers: [FINALIZER] } };
  const store = (...objects: (KubeObject | undefined)[]) => {
    const all = objects.filter((object) => object !== undefined);
    const get = (_: string, name: string) => all.find(({ metadata }) => metadata.name === name);
    return { store: { get, list: () => all, byIndex: () => all } };
  };
  const converged: Converge[] = [];
  const asks: (string | undefined)[] = [];
  let said: PSPConnectorStatus | undefined;
  const context = {
    clock: { now: () => 1_700_000_000_000, monotonicMs: () => 0 },
    log: { info() {}, warn() {}, error() {} },
    facts: () => facts,
    resync: { readyMs: 30_000, notReadyMs: 15_000, unreportedMs: 3_000 },
    caches: {
      vaults: store(vault),
      connectors: store(one),
      deployments: store(hasDeployment ? DEPLOYMENT : undefined),
      jobs: store(),
      pods: store(),
      childrenOf: () => [],
    },
    applySet: {
      converge: async (set: Converge) => {
        converged.push(set);
        return { written: [], refused: [] };
      },
    },
    statusz: {
      read: async (_: string, authorities?: string) => {
        asks.push(authorities);
        if (authorities !== facts.caBundle) return undefined;
        const accounts = [{ name: 'acme', credentials: 'present', reachable: 'yes' }];
        return { service: 'connector', version: '1', instance: 'p', accounts };
      },
    },
    events: { record() {} },
    client: {
      get: async ({ kind }: Resource) => {
        if (kind === 'NetworkPolicy' && hasNetworkPolicy) {
          const metadata = { name: 'stripe-connector', ownerReferences: [{ uid: 'stripe-uid' }] };
          return { kind, metadata };
        }
        throw new KubeError('not_found', `no ${kind}`);
      },
      applyStatus: async (_: unknown, body: KubeObject & { status: PSPConnectorStatus }) => {
        said = body.status;
        return body;
      },
    },
  } as unknown as Context;
  return {
    context,
    asks,
    async pass() {
      await reconcilePSPConnector(context, one);
      const wanted = converged.flatMap((set) => set.wanted.map(({ resource }) => resource.kind));
      const conditions = said?.conditions?.map(({ type, status, reason }) => [type, `${status} ${reason}`]);
      return { wanted, conditions: Object.fromEntries(conditions ?? []) };
    },
    keeps: (resource: Resource) =>
      converged.every(({ kept }) => kept?.({ resource, object: DEPLOYMENT, metadataOnly: true })),
  };
}

const all = {
  CredentialsPresent: 'True Succeeded',
  Reachable: 'True Succeeded',
  Available: 'True Succeeded',
};

test.each([
  ['HostPolicyUnsupported', { asked: byHost, vault: paymentVault() }, { there: 0, gone: 1 }],
  ['CertManagerMissing', { vault: withTls }, { there: 1, gone: 1 }],
  ['VaultNotFound', {}, { there: 0, gone: 1 }],
])('%s: what runs is kept, kept isolated, and asked how it is', async (reason, given, applied) => {
  for (const hasNetworkPolicy of [true, false]) {
    const seen = world({ ...given, hasNetworkPolicy });
    const { wanted, conditions } = await seen.pass();
    const policies = wanted.filter((kind) => kind === 'NetworkPolicy');
    expect(policies).toHaveLength(hasNetworkPolicy ? applied.there : applied.gone);
    expect(wanted).not.toContain('Deployment');
    expect(
      seen.keeps({
        group: 'apps',
        version: 'v1',
        kind: 'Deployment',
        plural: 'deployments',
        namespaced: true,
      }),
    ).toBe(true);
    expect(conditions).toMatchObject({ ...all, Stalled: `True ${reason}` });
  }
});

test.each([
  ['HostPolicyUnsupported', { asked: byHost, vault: paymentVault() }],
  ['CertManagerMissing', { vault: withTls }],
  ['VaultNotFound', {}],
])('%s: of a connector that never ran nothing is made', async (reason, given) => {
  const never = world({ ...given, hasDeployment: false, hasNetworkPolicy: false });
  const { wanted, conditions } = await never.pass();
  expect(wanted).toEqual([]);
  expect(conditions).toMatchObject({ Available: 'False Waiting', Stalled: `True ${reason}` });
});

test('a paused vault has nothing of its connectors put back', async () => {
  const vault = paymentVault({ tls: { issuerRef: { name: 'internal' } }, paused: true });
  expect((await world({ vault, hasNetworkPolicy: false }).pass()).wanted).toEqual([]);
});

test('a host that cannot be allowed does not take a connector that runs out of its routing', async () => {
  const routed = async (hasDeployment: boolean) => {
    const vault = paymentVault();
    const { context } = world({ asked: byHost, vault, hasDeployment });
    return (await gatherVault(context, vault, 'arn')).connectors.map(({ metadata }) => metadata.name);
  };
  expect(await routed(true)).toEqual(['stripe']);
  expect(await routed(false)).toEqual([]);
});

test('pods from before spec.tls are verified by the authority that certified them', async () => {
  const seen = world({ vault: withTls });
  await seen.pass();
  expect(seen.asks).toEqual([facts.caBundle]);
});
