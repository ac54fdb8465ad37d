import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { createCertificateAuthority } from '../src/ca/certificate-authority.ts';
import { secretStore } from '../src/ca/secret-store.ts';
import { kafkaSources } from '../src/effects/kafka-sources.ts';
import {
  createClient,
  createTransport,
  type KubeClient,
  type KubeObject,
  OPTIONAL_RESOURCES,
  RESOURCES,
  type Resource,
  systemClock,
  type Transport,
} from '../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../src/reconcile/resources.ts';
import { connector, paymentVault } from './fixtures.ts';
import { recordingNeeds } from './recorded-calls.ts';
import { createNamespace, identity, type SlowCluster, startSlowCluster } from './slow-cluster.ts';
import { needsPlayedWorkloads } from './target-cluster.ts';

/*
 * The operator under RBAC, as itself, with what install/rendered grants: what it needs in a full run, and what it is
 * granted, are the same. One run in all namespaces, one in a namespace that it was given.
 */

const SYSTEM = 'cofferdam-system';
const NAME = 'cofferdam-operator';
type Rule = { apiGroups?: string[]; resources?: string[]; resourceNames?: string[]; verbs: string[] };
type Role = KubeObject & { rules: Rule[] };

const rbac = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const KINDS: Record<string, Resource> = {
  ServiceAccount: RESOURCES.serviceAccounts,
  ClusterRole: rbac('clusterroles', 'ClusterRole', false),
  ClusterRoleBinding: rbac('clusterrolebindings', 'ClusterRoleBinding', false),
  Role: rbac('roles', 'Role', true),
  RoleBinding: rbac('rolebindings', 'RoleBinding', true),
};
const directory = new URL('../../install/rendered/', import.meta.url);
const rendered = readdirSync(directory)
  .map((file): KubeObject => parse(readFileSync(new URL(file, directory), 'utf8')))
  .filter(({ kind }) => Object.hasOwn(KINDS, kind));
const roleOf = (kind: string) => rendered.find((object) => object.kind === kind) as Role;

let cluster: SlowCluster;
let transport: Transport;
let needs: Set<string>;
beforeAll(async () => {
  cluster = await startSlowCluster(5);
  for (const resource of Object.values(OPTIONAL_RESOURCES)) await installKind(cluster.admin, resource);
  await createNamespace(cluster.admin, SYSTEM);
  await applyAll(rendered);
  ({ transport, needs } = recordingNeeds(await asOperator()));
});
afterAll(async () => {
  await cluster?.stop();
  await transport?.close();
});

async function applyAll(objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const resource = KINDS[object.kind];
    if (resource !== undefined) await cluster.admin.apply(resource, object);
  }
}

async function asOperator(): Promise<Transport> {
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
  const request = { ...asked, metadata: { name: NAME, namespace: SYSTEM }, spec: { audiences: [] } };
  const { status } = await cluster.admin.create<KubeObject & { status: { token: string } }>(
    RESOURCES.serviceAccounts,
    request,
    { subresource: 'token' },
  );
  const authorize = async () => ({ authorization: `Bearer ${status.token}` });
  return createTransport({ ...cluster.config, authorize });
}

async function installKind(admin: KubeClient, resource: Resource): Promise<void> {
  const { group, version, plural, kind } = resource;
  const names = { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` };
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const versions = [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }];
  await admin.apply(RESOURCES.customResourceDefinitions, {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    // Groups of Kubernetes itself are let in with this alone.
    metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved' } },
    spec: { group, scope: 'Namespaced', names, versions },
  } as KubeObject);
  await vi.waitFor(() => admin.list(resource), { timeout: 20_000 });
}

const place = { namespace: 'payments-dev', name: 'payments' };
type Conditioned = KubeObject & {
  status?: { conditions?: { type: string; status: string; message: string }[] };
};

async function createBoth(namespace: string): Promise<void> {
  const { granteePrincipal: _, ...kms } = paymentVault().spec.kms;
  const gateway = {
    parentRefs: [{ name: 'public' }],
    ...{ vault: { hostnames: ['v.example'] }, router: { hostnames: ['r.example'] } },
    webhooks: { hostnames: ['w.example'] },
  };
  const vault = paymentVault({
    ...{ kms, gateway, vaultId: namespace },
    observability: { serviceMonitor: {} },
    tls: { issuerRef: { name: 'ca' }, caRef: { name: 'trusted' } },
    kafka: { bootstrapServers: ['kafka:9092'], manage: 'Strimzi', strimzi: { cluster: 'events' } },
    scaling: { vault: { minReplicas: 1, maxReplicas: 3 } },
  });
  const trusted = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'trusted', namespace } };
  await cluster.admin.create(RESOURCES.configMaps, { ...trusted, data: { 'ca.crt': '' } } as KubeObject);
  await cluster.admin.create(PAYMENT_VAULTS, { ...vault, metadata: { ...place, namespace } });
  const stripe = connector('stripe', { egress: { to: [{ host: 'api.stripe.com' }], ports: [443] } });
  await cluster.admin.create(PSP_CONNECTORS, { ...stripe, metadata: { name: 'stripe', namespace } });
}

function available(namespace: string): Promise<void> {
  return vi.waitFor(
    async () => {
      const vault = await cluster.admin.get<Conditioned>(PAYMENT_VAULTS, { ...place, namespace });
      const stripe = await cluster.admin.get<Conditioned>(PSP_CONNECTORS, { namespace, name: 'stripe' });
      for (const { status } of [vault, stripe]) {
        const found = status?.conditions?.find(({ type }) => type === 'Available');
        expect(found).toMatchObject({ status: 'True' });
      }
    },
    { timeout: 20_000, interval: 100 },
  );
}

const ours = { labelSelector: 'app.kubernetes.io/managed-by=cofferdam-operator' };

function gone(namespace: string): Promise<void> {
  return vi.waitFor(
    async () => {
      const left = [
        ...(await cluster.admin.list(PAYMENT_VAULTS, { namespace })).items,
        ...(await cluster.admin.list(PSP_CONNECTORS, { namespace })).items,
      ];
      expect(left).toEqual([]);
    },
    { timeout: 20_000, interval: 100 },
  );
}

const authorities = async () =>
  (await cluster.admin.get(RESOURCES.secrets, { namespace: SYSTEM, name: 'cofferdam-ca' })).metadata
    .resourceVersion;

/** Something that is told as an event, and is then over. */
async function saySomething(namespace: string): Promise<void> {
  const { issuers } = paymentVault().spec.access;
  const stranger = [{ issuer: 'https://elsewhere.example', audiences: ['cofferdam'] }];
  for (const [asked, isStalled] of [
    [stranger, true],
    [issuers, false],
  ] as const) {
    const body = { spec: { access: { issuers: asked } } };
    await cluster.admin.patch(PAYMENT_VAULTS, { ...place, namespace }, { type: 'merge', body });
    await vi.waitFor(
      async () => {
        const vault = await cluster.admin.get<Conditioned>(PAYMENT_VAULTS, { ...place, namespace });
        const found = vault.status?.conditions?.some(({ message }) => message.includes('elsewhere.example'));
        expect(found).toBe(isStalled);
      },
      { timeout: 10_000, interval: 50 },
    );
  }
}

/** A pod that waits for its first start: what for, only an event tells. */
async function waitForPod(namespace: string): Promise<void> {
  const labels = {
    'app.kubernetes.io/name': 'vault',
    'app.kubernetes.io/instance': 'payments',
    'app.kubernetes.io/component': 'api',
    'app.kubernetes.io/managed-by': 'cofferdam-operator',
    'payments.cofferdam.dev/vault': 'payments',
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'waits', namespace, labels } };
  const spec = { containers: [{ name: 'vault', image: 'vault' }] };
  await cluster.admin.create(RESOURCES.pods, { ...pod, spec } as KubeObject);
  const body = { status: { phase: 'Pending' } };
  await cluster.admin.patch(RESOURCES.pods, pod.metadata, { type: 'merge', body }, { subresource: 'status' });
}

const authority = (leader: KubeClient) =>
  createCertificateAuthority({
    store: secretStore({ client: leader, namespace: SYSTEM, name: 'cofferdam-ca' }),
    // So short that it is rotated while we watch.
    times: { leafMs: 300, authorityMs: 3_000, publishMs: 300, staleMs: 300 },
    clock: systemClock,
  });

async function everything(namespace: string, via: Transport, namespaces?: readonly string[]): Promise<void> {
  const refused: string[] = [];
  const note = (fields: object, message: string) => {
    const { err } = fields as { err?: Error };
    if (/forbidden/i.test(`${err?.message} ${(err as { code?: string } | undefined)?.code}`))
      refused.push(`${message}: ${err?.message}`);
  };
  const operatorOf = () =>
    cluster.startOperator({
      ...{ identity, authority, transport: { ...via, close: async () => {} }, namespaces, factsEveryMs: 300 },
      log: { info: note, warn: note, error: note },
    });
  const first = operatorOf();
  await createBoth(namespace);
  await available(namespace);
  await saySomething(namespace);
  // The second time, said by another process, the event is counted and not written again.
  await first.stop();
  const operator = operatorOf();
  await saySomething(namespace);
  const before = await authorities();
  await waitForPod(namespace);
  const both = { scaling: { vault: { minReplicas: 2, maxReplicas: 2 } } };
  const body = { spec: { ...both, observability: { serviceMonitor: null }, gateway: null } };
  await cluster.admin.patch(PAYMENT_VAULTS, { ...place, namespace }, { type: 'merge', body });
  await vi.waitFor(
    async () => {
      const scaler = await cluster.admin.list(RESOURCES.horizontalPodAutoscalers, { namespace, ...ours });
      expect(scaler.items).toEqual([]);
      const routes = await cluster.admin.list(OPTIONAL_RESOURCES.httpRoutes, { namespace, ...ours });
      expect(routes.items).toEqual([]);
    },
    { timeout: 20_000, interval: 100 },
  );
  await cluster.admin.delete(PSP_CONNECTORS, { namespace, name: 'stripe' });
  await cluster.admin.delete(PAYMENT_VAULTS, { ...place, namespace });
  await gone(namespace);
  // The first authority is followed by a second one in the last third of its life.
  await vi.waitFor(async () => expect(await authorities()).not.toBe(before), {
    timeout: 20_000,
    interval: 100,
  });
  await kafkaSources(createClient({ transport: via }), SYSTEM).adminSecret('cofferdam-kafka-admin');
  expect(refused).toEqual([]);
  await operator.stop();
}

/** `verb group/resource`; a watch and the list before it are one right. */
function granted(rules: readonly Rule[]): Set<string> {
  return new Set(
    rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    ),
  );
}

/** Granted and not seen, for a reason that has to be here. */
const NOT_SEEN: Record<string, string> = {
  'update payments.cofferdam.dev/paymentvaults/finalizers':
    'asked by the OwnerReferencesPermissionEnforcement plugin only',
  'update payments.cofferdam.dev/pspconnectors/finalizers':
    'asked by the OwnerReferencesPermissionEnforcement plugin only',
};

test('a full run needs exactly what the ClusterRole and the Role grant', needsPlayedWorkloads, async () => {
  await everything('payments-dev', transport);
  const asked = new Set(
    [...needs].flatMap((need) =>
      need.startsWith('watch ') ? [need, need.replace('watch', 'list')] : [need],
    ),
  );
  const grants = new Set([...granted(roleOf('ClusterRole').rules), ...granted(roleOf('Role').rules)]);
  const idle = [...grants].filter((grant) => !asked.has(grant) && NOT_SEEN[grant] === undefined);
  const missing = [...asked].filter((need) => !grants.has(need));
  expect({ idle: idle.sort(), missing: missing.sort() }).toEqual({ idle: [], missing: [] });
});

test(
  'a Role in a namespace is enough for the operator that is given that namespace',
  needsPlayedWorkloads,
  async () => {
    for (const kind of ['ClusterRoleBinding', 'ClusterRole'])
      await cluster.admin.delete(KINDS[kind] as Resource, { name: NAME });
    await createNamespace(cluster.admin, 'given');
    const metadata = { name: `${NAME}-work`, namespace: 'given' };
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name };
    const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace: SYSTEM }];
    await applyAll([
      { apiVersion, kind: 'Role', metadata, rules: roleOf('ClusterRole').rules } as Role,
      { apiVersion, kind: 'RoleBinding', metadata, roleRef, subjects } as KubeObject,
    ]);
    const given = await asOperator();
    await everything('given', given, ['given']);
    await given.close();
  },
);
