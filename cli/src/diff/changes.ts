import { FIELD_MANAGER, type PaymentVault } from '@cofferdam/crds';
import { type KubeClient, type KubeObject, ownerReferenceTo, RESOURCES } from '@cofferdam/operator/engine';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../cluster/observed.ts';
import { type CofferdamResource, readResource } from '../manifests/resource.ts';
import { keyArnOf } from '../render/facts.ts';
import { planResources, type Rendered } from '../render/plan.ts';
import { clusterFacts, type FactSource } from './cluster-facts.ts';
import type { Change } from './compare.ts';
import { dryRun, liveObject, managerOf, withTracking } from './dry-run.ts';

export interface DiffOptions extends FactSource {
  fieldManager: string | undefined;
  /** Only what the files hold, and not what the operator makes of it. */
  own: boolean;
}

/** What applying the files would change: the resources themselves, then what the operator would apply for them. */
export async function changesOf(
  client: KubeClient,
  resources: readonly CofferdamResource[],
  options: DiffOptions,
): Promise<Change[]> {
  const changes: Change[] = [];
  const after: CofferdamResource[] = [];
  for (const resource of resources) {
    const kind = resource.kind === 'PaymentVault' ? PAYMENT_VAULTS : PSP_CONNECTORS;
    const live = await liveObject(client, kind, resource.metadata as KubeObject['metadata']);
    const fieldManager = options.fieldManager ?? managerOf(live);
    const change = await dryRun(client, kind, withTracking(resource as KubeObject, live), {
      live,
      fieldManager,
    });
    changes.push(change);
    after.push((change.wanted && readResource(change.wanted)) ?? resource);
  }
  if (options.own) return changes;
  const concerned = await withRelated(client, after);
  const vaults = concerned.flatMap(({ kind, metadata: { namespace = '', name } }) =>
    kind === 'PaymentVault' ? [{ namespace, name }] : [],
  );
  const facts = await clusterFacts(client, { ...options, vaults });
  const rendered = planResources(concerned, { facts, keyArn: boundKey });
  // One that is refused keeps what it has.
  for (const one of rendered.filter(({ refused }) => refused === undefined))
    changes.push(...(await childrenOf(client, one)));
  return changes;
}

function boundKey(vault: PaymentVault): string {
  return vault.status?.kms?.keyArn ?? keyArnOf(vault, undefined);
}

/** A vault's configuration names its connectors, and a connector's its vault: both change together. */
async function withRelated(
  client: KubeClient,
  given: readonly CofferdamResource[],
): Promise<CofferdamResource[]> {
  const vaultKey = (one: CofferdamResource) =>
    `${one.metadata.namespace}/${one.kind === 'PaymentVault' ? one.metadata.name : one.spec.vaultRef.name}`;
  const wanted = new Set(given.map(vaultKey));
  const found: CofferdamResource[] = [];
  for (const namespace of new Set(given.map(({ metadata }) => metadata.namespace ?? ''))) {
    const vaults = await client.list<KubeObject>(PAYMENT_VAULTS, { namespace });
    const connectors = await client.list<KubeObject>(PSP_CONNECTORS, { namespace });
    found.push(...[...vaults.items, ...connectors.items].flatMap((one) => readResource(one) ?? []));
  }
  const idOf = ({ kind, metadata }: CofferdamResource) => `${kind} ${metadata.namespace}/${metadata.name}`;
  const ids = new Set(given.map(idOf));
  const others = found.filter((one) => !ids.has(idOf(one)) && wanted.has(vaultKey(one)));
  return [...given, ...others].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** What would be applied for a resource, then what would go because nothing wants it any more. */
async function childrenOf(client: KubeClient, { resource, manifests }: Rendered): Promise<Change[]> {
  const { uid } = resource.metadata;
  const changes: Change[] = [];
  for (const manifest of manifests) {
    const live = await liveObject(client, manifest.resource, manifest.object.metadata);
    // A dry run gives a new resource an uid that it will not have.
    const owned = live?.metadata.ownerReferences?.some((owner) => owner.uid === uid);
    const object = owned ? withOwner(manifest.object, resource) : manifest.object;
    changes.push(await dryRun(client, manifest.resource, object, { live, fieldManager: FIELD_MANAGER }));
  }
  const kept = new Set(manifests.map((one) => `${one.resource.kind} ${one.object.metadata.name}`));
  for (const kind of CHILD_KINDS) {
    const namespace = resource.metadata.namespace;
    const labelSelector = 'app.kubernetes.io/managed-by=cofferdam-operator';
    const { items } = await client.list<KubeObject>(kind, { namespace, labelSelector });
    for (const live of items) {
      const isMine = live.metadata.ownerReferences?.some((owner) => owner.uid === uid);
      if (!isMine || kept.has(`${kind.kind} ${live.metadata.name}`)) continue;
      changes.push({ name: `${kind.kind} ${namespace}/${live.metadata.name}`, live, wanted: undefined });
    }
  }
  return changes;
}

function withOwner(object: KubeObject, resource: CofferdamResource): KubeObject {
  return { ...object, metadata: { ...object.metadata, ownerReferences: [ownerReferenceTo(resource)] } };
}

const CHILD_KINDS = [
  RESOURCES.configMaps,
  RESOURCES.networkPolicies,
  RESOURCES.serviceAccounts,
  RESOURCES.services,
  RESOURCES.podDisruptionBudgets,
  RESOURCES.horizontalPodAutoscalers,
  RESOURCES.jobs,
  RESOURCES.deployments,
];
