import { API_VERSION, PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import { VAULT_LABEL } from '../desired/names.ts';
import {
  createQueue,
  isKubeError,
  type KubeObject,
  keyOf,
  type ObjectKey,
  parseKey,
  type Queue,
  type QueueObserver,
  type Random,
  type Urgency,
  type WorkResult,
} from '../engine/index.ts';
import type { Context } from './context.ts';
import { UnreadableError } from './parse.ts';
import { reconcilePaymentVault } from './payment-vault.ts';
import { reconcilePSPConnector } from './psp-connector.ts';
import { reportFailure, reportUnreadable } from './report-failure.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from './resources.ts';

/** Turns what happens in the cluster into keys of one queue, and the keys into reconciles. */
export type Controller = {
  queue: Queue;
  /** Looks at every resource of both kinds, as when a fact about the cluster has changed. */
  enqueueAll(): void;
  stop(): Promise<void>;
};

const KINDS = {
  [PAYMENT_VAULT.kind]: { resource: PAYMENT_VAULTS, reconcile: reconcilePaymentVault },
  [PSP_CONNECTOR.kind]: { resource: PSP_CONNECTORS, reconcile: reconcilePSPConnector },
} as const;
type Kind = keyof typeof KINDS;
const STALE_CACHE_MS = 500;

export function createController(
  context: Context,
  options: { workers?: number; random?: Random; observer?: QueueObserver } = {},
): Controller {
  const { caches, clock, log } = context;
  const queue = createQueue({
    ...options,
    clock,
    work: (key) => work(context, key, queue.retriesOf(key)),
    onError: (key, error, retryInMs) => {
      const level = isKubeError(error, 'conflict', 'not_leading') ? 'info' : 'warn';
      log[level](
        { key, err: error, retryInMs: Math.round(retryInMs) },
        'reconcile failed, will be tried again',
      );
    },
  });
  /** What the caches hold from before is looked at, but nothing of it is news. */
  let isInitial = true;
  const add = (kind: Kind, { namespace, name }: ObjectKey, urgency: Urgency = 'affected') =>
    queue.add(
      `${kind}/${keyOf({ namespace, name })}`,
      isInitial && urgency === 'affected' ? 'resync' : urgency,
    );
  const addVaultOf = (connector: KubeObject) => {
    const name = (connector as { spec?: { vaultRef?: { name?: string } } }).spec?.vaultRef?.name;
    if (name !== undefined) add(PAYMENT_VAULT.kind, { namespace: connector.metadata.namespace, name });
  };
  const addConnectorsOf = (vault: KubeObject) => {
    for (const { metadata } of caches.connectors.store.byIndex(keyOf(vault)))
      add(PSP_CONNECTOR.kind, metadata);
  };
  const onEach = (handle: (object: KubeObject, before?: KubeObject) => void) => ({
    added: (object: KubeObject) => handle(object),
    updated: handle,
    deleted: (object: KubeObject) => handle(object),
  });

  const subscriptions = [
    caches.vaults.subscribe(
      onEach((vault, before) => {
        add(PAYMENT_VAULT.kind, vault.metadata, urgencyOf(vault, before));
        addConnectorsOf(vault);
      }),
    ),
    caches.connectors.subscribe(
      onEach((connector, before) => {
        add(PSP_CONNECTOR.kind, connector.metadata, urgencyOf(connector, before));
        addVaultOf(connector);
      }),
    ),
    caches.pods.subscribe(onEach((pod) => addOwnerByLabels(pod, add))),
    caches.onChild(
      onEach((child) => {
        const { namespace, ownerReferences = [] } = child.metadata;
        for (const { apiVersion, kind, name } of ownerReferences) {
          if (apiVersion === API_VERSION && isKind(kind)) add(kind, { namespace, name });
        }
      }),
    ),
  ];
  isInitial = false;

  return {
    queue,
    enqueueAll() {
      for (const kind of Object.keys(KINDS) as Kind[]) {
        const { store } = kind === PAYMENT_VAULT.kind ? caches.vaults : caches.connectors;
        for (const { metadata } of store.list()) queue.add(`${kind}/${keyOf(metadata)}`, 'resync');
      }
    },
    async stop() {
      for (const unsubscribe of subscriptions) unsubscribe();
      await queue.stop();
    },
  };
}

/** A spec that nobody has acted on yet goes before what merely moves, such as a status that we wrote ourselves. */
function urgencyOf(
  resource: KubeObject & { status?: { conditions?: unknown } },
  before?: KubeObject,
): Urgency {
  if (before === undefined) return resource.status?.conditions === undefined ? 'changed' : 'affected';
  const said = ({ metadata }: KubeObject) => `${metadata.generation} ${metadata.deletionTimestamp}`;
  return said(resource) === said(before) ? 'affected' : 'changed';
}

/** A pod's owner is a ReplicaSet or a Job; its labels say whose it is without asking for those. */
function addOwnerByLabels(pod: KubeObject, add: (kind: Kind, key: ObjectKey) => void): void {
  const { labels = {}, namespace } = pod.metadata;
  const name = labels['app.kubernetes.io/instance'];
  if (name === undefined || labels[VAULT_LABEL] === undefined) return;
  const isConnector = labels['app.kubernetes.io/name'] === 'connector';
  add(isConnector ? PSP_CONNECTOR.kind : PAYMENT_VAULT.kind, { namespace, name });
}

async function work(context: Context, key: string, failedBefore: number): Promise<WorkResult> {
  const slash = key.indexOf('/');
  const kind = key.slice(0, slash);
  if (!isKind(kind)) return undefined;
  const { namespace, name } = parseKey(key.slice(slash + 1));
  const { resource, reconcile } = KINDS[kind];
  const cache = kind === PAYMENT_VAULT.kind ? context.caches.vaults : context.caches.connectors;
  const object = cache.store.get(namespace, name);
  if (object === undefined) return undefined;
  // The event that brings the cache up to date wakes the key; this is for when it has been missed.
  if (!context.caughtUp(kind, object)) return { afterMs: STALE_CACHE_MS, untried: true };
  try {
    return await reconcile(context, object);
  } catch (error) {
    if (!(error instanceof UnreadableError)) {
      // What this pass has written is in no cache yet, and a status that is made of an older one would take it back.
      const isCurrent = object.metadata.deletionTimestamp !== undefined || context.caughtUp(kind, object);
      if (isCurrent) await reportFailure(context, resource, object, { error, failedBefore });
      throw error;
    }
    await reportUnreadable(context, resource, object, error);
    return undefined;
  }
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(KINDS, kind);
}
