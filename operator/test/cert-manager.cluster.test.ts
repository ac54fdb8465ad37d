import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type KubeObject, OPTIONAL_RESOURCES, RESOURCES } from '../src/engine/index.ts';
import { PAYMENT_VAULTS } from '../src/reconcile/resources.ts';
import {
  type Conditioned,
  createVault,
  type RunningOperator,
  ready,
  startTestCluster,
  type TestCluster,
  vaultKey,
  waitFor,
} from './cluster-harness.ts';
import { needsPlayedWorkloads } from './target-cluster.ts';

/*
 * With spec.tls.issuerRef: cert-manager itself is not here, only its kind; its part is done by hand.
 */

const NAMESPACE = 'issued';
const of = { resource: PAYMENT_VAULTS, key: vaultKey(NAMESPACE) };
let cluster: TestCluster;
let operator: RunningOperator;

beforeAll(async () => {
  cluster = await startTestCluster();
  await cluster.namespace(NAMESPACE);
  cluster.statusz.set('payments-vault', { service: 'vault', version: '1', instance: 'p' });
  cluster.statusz.set('payments-router', { service: 'router', version: '1', instance: 'p' });
  operator = cluster.startOperator();
}, 30_000);
afterAll(() => cluster.stop());

const certificateKind: KubeObject & { spec: object } = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'certificates.cert-manager.io' },
  spec: {
    group: 'cert-manager.io',
    names: {
      kind: 'Certificate',
      listKind: 'CertificateList',
      plural: 'certificates',
      singular: 'certificate',
    },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

async function say(name: string, status: 'True' | 'False', message: string): Promise<void> {
  const conditions = [{ type: 'Ready', status, message }];
  const patch = { type: 'merge', body: { status: { conditions } } } as const;
  const key = { namespace: NAMESPACE, name };
  await cluster.admin.patch(OPTIONAL_RESOURCES.certificates, key, patch, { subresource: 'status' });
}

test(
  'without cert-manager the vault is stalled, says what to do, and rolls nothing out',
  needsPlayedWorkloads,
  async () => {
    await createVault(cluster, NAMESPACE, { tls: { issuerRef: { name: 'internal' } } });
    await waitFor(cluster, of, {
      CertificatesReady: 'False CertManagerMissing',
      Stalled: 'True CertManagerMissing',
    });
    expect((await cluster.admin.list(RESOURCES.deployments, { namespace: NAMESPACE })).items).toEqual([]);
  },
);

test(
  'where cert-manager is, it is asked for one certificate a component, and what it says is in the status',
  needsPlayedWorkloads,
  async () => {
    await operator.stop();
    await cluster.admin.apply(RESOURCES.customResourceDefinitions, certificateKind);
    operator = cluster.startOperator();
    await waitFor(cluster, of, { CertificatesReady: 'False CertificateNotIssued' });
    const { items } = await cluster.admin.list(OPTIONAL_RESOURCES.certificates, { namespace: NAMESPACE });
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(['payments-router', 'payments-vault']);

    await say('payments-vault', 'True', 'up to date');
    await say('payments-router', 'False', 'Issuer internal not found');
    await vi.waitFor(
      async () => expect(await saidOf('CertificatesReady')).toContain('Issuer internal not found'),
      soon,
    );
    await say('payments-router', 'True', 'up to date');
    await waitFor(cluster, of, { ...ready, CertificatesReady: 'True Succeeded' });

    // Back to the operator's own authority.
    await cluster.admin.patch(PAYMENT_VAULTS, of.key, { type: 'merge', body: { spec: { tls: null } } });
    await vi.waitFor(async () => {
      expect(
        (await cluster.admin.list(OPTIONAL_RESOURCES.certificates, { namespace: NAMESPACE })).items,
      ).toEqual([]);
      expect(await saidOf('CertificatesReady')).toBeUndefined();
    }, soon);
    await cluster.admin.get(RESOURCES.configMaps, { namespace: NAMESPACE, name: 'payments-ca' });
    await waitFor(cluster, of, ready);
  },
);

const soon = { timeout: 10_000, interval: 50 };

async function saidOf(condition: string): Promise<string | undefined> {
  const found = await cluster.admin.get<Conditioned>(of.resource, of.key);
  return found.status?.conditions?.find(({ type }) => type === condition)?.message;
}
