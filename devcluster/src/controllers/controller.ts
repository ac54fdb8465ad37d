import {
  createQueue,
  type EventRecorder,
  isKubeError,
  type KubeClient,
  type KubeObject,
  keyOf,
  type Resource,
  type WorkResult,
} from '@cofferdam/operator/engine';
import type { OwnerReference } from './objects.ts';
import { canonicalJson } from './pod-template.ts';
import type { Watches } from './watches.ts';

/** What every controller is given. */
export type ControllerContext = {
  client: KubeClient;
  watches: Watches;
  events: EventRecorder;
  now: () => Date;
  log: (message: string) => void;
};

export type Running = { stop(): Promise<void> };

/** Whose changes lead to a reconcile, and of which keys. */
export type Source = { resource: Resource; keys: (object: KubeObject) => string[] };

/**
 * Runs `reconcile` for every key that a source names. The watches only say where to look: a reconcile reads the
 * API server itself, so that it never acts on a cache that is older than its own last write.
 */
export function startController(
  context: ControllerContext,
  name: string,
  sources: Source[],
  reconcile: (namespace: string, name: string) => Promise<WorkResult>,
): Running {
  const queue = createQueue({
    backoffBaseMs: 50,
    backoffMaxMs: 15_000,
    work: async (key) => {
      const slash = key.indexOf('/');
      return reconcile(slash < 0 ? '' : key.slice(0, slash), key.slice(slash + 1));
    },
    onError: (key, error) => {
      // Two writers of one object: the usual course of things, not worth a line.
      if (!isKubeError(error, 'conflict')) context.log(`${name}: ${key}: ${(error as Error).message}`);
    },
  });
  const unsubscribe = sources.map(({ resource, keys }) => {
    const enqueue = (object: KubeObject): void => {
      for (const key of keys(object)) queue.addAfter(key, 10);
    };
    return context.watches.of(resource).subscribe({
      added: enqueue,
      updated: (object, before) => {
        enqueue(object);
        enqueue(before);
      },
      deleted: enqueue,
    });
  });
  return {
    async stop() {
      for (const end of unsubscribe) end();
      await queue.stop();
    },
  };
}

/** The object's own key. */
export const itself = (object: KubeObject): string[] => [keyOf(object)];

/** The key of the object's controller, if that is of this kind. */
export const controllerKey =
  (kind: string) =>
  (object: KubeObject): string[] => {
    const owners: OwnerReference[] = object.metadata.ownerReferences ?? [];
    const owner = owners.find((each) => each.controller === true && each.kind === kind);
    return owner === undefined ? [] : [`${object.metadata.namespace}/${owner.name}`];
  };

/** The object as the API server has it now; undefined when there is none. */
export async function read<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  namespace: string,
  name: string,
): Promise<T | undefined> {
  try {
    return await client.get<T>(resource, { ...(namespace === '' ? {} : { namespace }), name });
  } catch (error) {
    if (isKubeError(error, 'not_found')) return undefined;
    throw error;
  }
}

/** Objects of a namespace that this owner controls. */
export async function controlled<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  owner: { metadata: { namespace: string; uid: string } },
): Promise<T[]> {
  const { items } = await client.list<T>(resource, { namespace: owner.metadata.namespace });
  return items.filter((item) =>
    item.metadata.ownerReferences?.some(
      (each) => each.controller === true && each.uid === owner.metadata.uid,
    ),
  );
}

/** Writes a status if it says something new. */
export async function writeStatus(
  { client }: ControllerContext,
  resource: Resource,
  object: KubeObject & { status?: unknown },
  status: unknown,
): Promise<void> {
  if (canonicalJson(object.status ?? {}) === canonicalJson(status)) return;
  const { managedFields: _, ...metadata } = object.metadata;
  await client.updateStatus(resource, { ...object, metadata, status } as KubeObject);
}
