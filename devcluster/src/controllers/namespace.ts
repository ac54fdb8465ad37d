import {
  isKubeError,
  type KubeClient,
  RESOURCES,
  resourcePath,
  type WorkResult,
} from '@cofferdam/operator/engine';
import type { Condition } from './conditions.ts';
import {
  type ControllerContext,
  itself,
  type Running,
  read,
  startController,
  writeStatus,
} from './controller.ts';
import { can, type DiscoveredResource, discover } from './discovery.ts';
import { namespaceConditions, type Remains } from './namespace-conditions.ts';
import type { Namespace } from './objects.ts';

const FINALIZER = 'kubernetes';
/** Pods take their grace period, finalizers their time: look again this often. */
const RECHECK_MS = 250;

/** Empties namespaces that are being deleted, then lets them go. */
export function startNamespaceController(context: ControllerContext): Running {
  const sources = [{ resource: RESOURCES.namespaces, keys: itself }];
  return startController(context, 'namespace', sources, (_, name) => reconcile(context, name));
}

async function reconcile(context: ControllerContext, name: string): Promise<WorkResult> {
  const { client, now } = context;
  const namespace = await read<Namespace>(client, RESOURCES.namespaces, '', name);
  if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
  if (namespace.spec.finalizers?.includes(FINALIZER) !== true) return undefined;
  const kinds = (await discover(client)).filter((kind) => kind.namespaced && can(kind, 'list', 'delete'));
  const remains = await Promise.all(kinds.map((kind) => empty(client, kind, name)));
  if (remains.every(({ count }) => count === 0)) {
    await finalize(client, namespace);
    return undefined;
  }
  const conditions = namespaceConditions(
    namespace.status?.conditions as Condition[] | undefined,
    remains,
    now(),
  );
  await writeStatus(context, RESOURCES.namespaces, namespace, { ...namespace.status, conditions });
  return { afterMs: RECHECK_MS };
}

async function empty(client: KubeClient, kind: DiscoveredResource, namespace: string): Promise<Remains> {
  const nothing = { plural: kind.plural, group: kind.group, count: 0, finalizers: [] };
  try {
    const before = await client.list(kind, { namespace });
    if (before.items.length === 0) return nothing;
    if (can(kind, 'deletecollection')) await deleteCollection(client, kind, namespace);
    else {
      for (const { metadata } of before.items) await client.delete(kind, { namespace, name: metadata.name });
    }
    const { items } = await client.list(kind, { namespace });
    const finalizers = items.flatMap(({ metadata }) => metadata.finalizers ?? []);
    return { ...nothing, count: items.length, finalizers };
  } catch (error) {
    // The kind went while we looked: a CustomResourceDefinition that was deleted.
    if (isKubeError(error, 'not_found')) return nothing;
    throw error;
  }
}

async function deleteCollection(
  client: KubeClient,
  kind: DiscoveredResource,
  namespace: string,
): Promise<void> {
  await client.transport.send({
    method: 'DELETE',
    path: resourcePath(kind, { namespace }),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }),
  });
}

async function finalize(client: KubeClient, namespace: Namespace): Promise<void> {
  const finalizers = namespace.spec.finalizers?.filter((each) => each !== FINALIZER) ?? [];
  const body = { ...namespace, spec: { ...namespace.spec, finalizers } };
  await client.update(RESOURCES.namespaces, body, { subresource: 'finalize' });
}
