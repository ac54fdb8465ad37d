import { setTimeout as sleep } from 'node:timers/promises';
import { customResourceDefinitions } from '@cofferdam/crds';
import {
  isKubeError,
  type KubeClient,
  type KubeObject,
  RESOURCES,
  type Resource,
} from '@cofferdam/operator/engine';
import { BenchError } from '../errors.ts';
import { inParallel } from '../harness/wait.ts';
import { BENCHMARK_LABEL, CONNECTOR_NAME, PAYMENT_VAULTS, PSP_CONNECTORS, VAULT_NAME } from './resources.ts';

const RESOURCE_QUOTAS: Resource = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};

/** An operator whose Lease was renewed this lately is alive. */
const LEASE_IS_FRESH_MS = 60_000;

export async function installDefinitions(client: KubeClient): Promise<void> {
  for (const definition of customResourceDefinitions()) {
    await client.apply(RESOURCES.customResourceDefinitions, definition as unknown as KubeObject);
  }
}

/**
 * Somebody's cluster must be one where this operator has nothing to do but our vaults, and is the only one.
 *
 * @throws BenchError `usage`: what is in the way, and what to do
 */
export async function checkCluster(client: KubeClient): Promise<void> {
  const refuse = (message: string) => new BenchError('usage', `--kubeconfig: ${message}`);
  for (const resource of [PAYMENT_VAULTS, PSP_CONNECTORS]) {
    const found = await client.list(resource, { limit: 1 }).catch((error) => {
      if (isKubeError(error, 'not_found')) {
        throw refuse(`the cluster does not know ${resource.kind}: kubectl apply -f crds/yaml`);
      }
      throw refuse(`the cluster cannot be used: ${(error as Error).message}`);
    });
    const [first] = found.items;
    if (first === undefined) continue;
    throw refuse(
      `there is a ${resource.kind} already (${first.metadata.namespace}/${first.metadata.name}): the operator of the benchmark would work on it, so use a cluster without any`,
    );
  }
  const leases = await client.list<KubeObject & { spec?: { renewTime?: string; holderIdentity?: string } }>(
    RESOURCES.leases,
  );
  const alive = leases.items.find(
    ({ metadata, spec }) =>
      metadata.name === 'cofferdam-operator' &&
      (spec?.holderIdentity ?? '') !== '' &&
      Date.now() - Date.parse(spec?.renewTime ?? '1970-01-01') < LEASE_IS_FRESH_MS,
  );
  if (alive !== undefined) {
    throw refuse(
      `an operator is at work (Lease ${alive.metadata.namespace}/${alive.metadata.name} is being renewed): it would reconcile the same vaults, so scale it to 0 first`,
    );
  }
}

/** Real controllers give every namespace its default ServiceAccount; an API server alone (envtest) does not. */
export async function hasControllers(client: KubeClient, namespace: string): Promise<boolean> {
  for (let tries = 0; tries < 25; tries += 1) {
    const account = await client
      .get(RESOURCES.serviceAccounts, { namespace, name: 'default' })
      .catch(() => undefined);
    if (account !== undefined) return true;
    await sleep(200);
  }
  return false;
}

/** So that a cluster with controllers makes ReplicaSets, and not one pod of images that nobody can pull. */
export async function forbidPods(client: KubeClient, namespace: string): Promise<void> {
  const quota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'no-pods', namespace },
    spec: { hard: { pods: '0' } },
  };
  await client.apply(RESOURCE_QUOTAS, quota);
}

/**
 * Removes every namespace of a run. The vaults first and without their finalizers, since the operator that would
 * remove these is gone; their keys are in a KMS that goes with us. An API server alone (envtest) has nobody who empties
 * a namespace: there the rest stays until it is thrown away, and the vaults are gone.
 */
export async function removeNamespaces(client: KubeClient, run: string): Promise<void> {
  const labelSelector = `${BENCHMARK_LABEL}=${run}`;
  const { items } = await client.list(RESOURCES.namespaces, { labelSelector });
  await inParallel(items, 16, async ({ metadata: { name: namespace } }) => {
    for (const [resource, name] of [
      [PAYMENT_VAULTS, VAULT_NAME],
      [PSP_CONNECTORS, CONNECTOR_NAME],
    ] as const) {
      const none = { metadata: { finalizers: null } };
      await client.patch(resource, { namespace, name }, { type: 'merge', body: none }).catch(ignoreMissing);
      await client.delete(resource, { namespace, name });
    }
    await client.delete(RESOURCES.namespaces, { name: namespace });
  });
}

function ignoreMissing(error: unknown): undefined {
  if (isKubeError(error, 'not_found')) return undefined;
  throw error;
}
