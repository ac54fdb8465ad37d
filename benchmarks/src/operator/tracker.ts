import {
  createReflector,
  type KubeClient,
  type KubeObject,
  type Reflector,
} from '@cofferdam/operator/engine';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from './resources.ts';

type Conditioned = KubeObject & {
  status?: {
    observedGeneration?: number;
    conditions?: { type: string; status: string; reason: string; message: string }[];
  };
};

/** Which conditions say that the operator has done what it can do for a resource. */
export type Wanted = { vault: readonly string[]; connector: readonly string[] };

/** Where pods are played everything gets ready; where none may run, this much can be. */
export const READY: Wanted = { vault: ['Ready'], connector: ['Ready'] };
export const APPLIED: Wanted = {
  vault: ['KeyBound', 'DatabaseMigrated', 'NetworkPoliciesApplied'],
  connector: ['NetworkPoliciesApplied'],
};

/** Watches, in this process, when vaults and connectors come to be as wanted. */
export type Tracker = {
  /** By namespace: when both of it were, as `performance.now()`. */
  doneAt: ReadonlyMap<string, number>;
  /** What is missing for an unfinished one, for a message. */
  missing(namespace: string): string;
  stop(): Promise<void>;
};

export async function startTracker(client: KubeClient, wanted: Wanted): Promise<Tracker> {
  const doneAt = new Map<string, number>();
  const vaults = createReflector<Conditioned>({ client, resource: PAYMENT_VAULTS });
  const connectors = createReflector<Conditioned>({ client, resource: PSP_CONNECTORS });
  const look = ({ metadata: { namespace = '' } }: KubeObject) => {
    if (doneAt.has(namespace)) return;
    const both = [find(vaults, namespace), find(connectors, namespace)];
    const [vault, connector] = both;
    if (isDone(vault, wanted.vault) && isDone(connector, wanted.connector)) {
      doneAt.set(namespace, performance.now());
    }
  };
  for (const reflector of [vaults, connectors]) {
    reflector.subscribe({ added: look, updated: look });
    reflector.start();
  }
  await Promise.all([vaults.synced(), connectors.synced()]);
  return {
    doneAt,
    missing: (namespace) =>
      [find(vaults, namespace), find(connectors, namespace)]
        .flatMap((object) =>
          (object?.status?.conditions ?? [])
            .filter(({ status }) => status !== 'True')
            .map(
              ({ type, status, reason, message }) =>
                `${object?.kind} ${type}=${status} ${reason}: ${message}`,
            ),
        )
        .join('\n'),
    stop: async () => void (await Promise.all([vaults.stop(), connectors.stop()])),
  };
}

/** There is one of each kind in a namespace. */
function find(reflector: Reflector<Conditioned>, namespace: string): Conditioned | undefined {
  const name = reflector.resource === PAYMENT_VAULTS ? 'payments' : 'stripe';
  return reflector.store.get(namespace, name);
}

function isDone(object: Conditioned | undefined, types: readonly string[]): boolean {
  const { status, metadata } = object ?? {};
  return (
    status?.observedGeneration === metadata?.generation &&
    types.every(
      (type) => status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false,
    )
  );
}
