import { MANAGED_SELECTOR } from '../desired/names.ts';
import {
  type Clock,
  createReflector,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type Observed,
  type Random,
  RESOURCES,
  type Reflector,
  type Resource,
  type StoreHandler,
} from '../engine/index.ts';
import type { ObservedDeployment, ObservedJob, ObservedPod } from '../status/observed-types.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from './resources.ts';

/** A reflector of any kind, for what concerns them all. */
type AnyReflector = Omit<Reflector<KubeObject>, 'subscribe'> & {
  subscribe(handler: StoreHandler<KubeObject>): () => void;
};

/** Everything that is watched: both kinds, and the children that carry our label. */
export type Caches = {
  vaults: Reflector<KubeObject>;
  connectors: Reflector<KubeObject>;
  deployments: Reflector<ObservedDeployment>;
  jobs: Reflector<ObservedJob>;
  pods: Reflector<ObservedPod>;
  /** Every kind of child, pods excepted: those belong to Deployments and Jobs. */
  children: readonly { reflector: AnyReflector; metadataOnly: boolean }[];
  childrenOf(uid: string): Observed[];
  start(): void;
  synced(): Promise<void>;
  hasSynced(): boolean;
  stop(): Promise<void>;
};

export function createCaches(options: {
  client: KubeClient;
  /** Only this namespace. Default: all. */
  namespace?: string | undefined;
  clock?: Clock;
  random?: Random;
  onError?: (resource: Resource, error: KubeError, retryInMs: number) => void;
  onHandlerError?: (error: unknown) => void;
}): Caches {
  const { client, namespace, onError, onHandlerError } = options;
  const common = {
    client,
    namespace,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(onHandlerError === undefined ? {} : { onHandlerError }),
  };
  const watchOf = <T extends KubeObject>(
    resource: Resource,
    extra: { labelSelector?: string; metadataOnly?: boolean },
  ) =>
    createReflector<T>({
      ...common,
      ...extra,
      resource,
      index: ownerUids,
      onError: (error, retryInMs) => onError?.(resource, error, retryInMs),
    });
  const whole = { labelSelector: MANAGED_SELECTOR };
  const metadata = { labelSelector: MANAGED_SELECTOR, metadataOnly: true };

  const vaults = watchOf<KubeObject>(PAYMENT_VAULTS, {});
  const connectors = watchOf<KubeObject>(PSP_CONNECTORS, {});
  const deployments = watchOf<ObservedDeployment>(RESOURCES.deployments, whole);
  const jobs = watchOf<ObservedJob>(RESOURCES.jobs, whole);
  const pods = watchOf<ObservedPod>(RESOURCES.pods, whole);
  const child = (reflector: AnyReflector, metadataOnly: boolean) => ({ reflector, metadataOnly });
  const children = [
    child(deployments, false),
    child(jobs, false),
    // Its status is written every few seconds and it has no generation: only its content tells drift from news.
    child(watchOf(RESOURCES.horizontalPodAutoscalers, whole), false),
    ...[
      RESOURCES.services,
      RESOURCES.serviceAccounts,
      RESOURCES.configMaps,
      RESOURCES.networkPolicies,
      RESOURCES.podDisruptionBudgets,
    ].map((resource) => child(watchOf(resource, metadata), true)),
  ];
  const all: AnyReflector[] = [vaults, connectors, pods, ...children.map(({ reflector }) => reflector)];

  return {
    vaults,
    connectors,
    deployments,
    jobs,
    pods,
    children,
    childrenOf: (uid) =>
      children.flatMap(({ reflector, metadataOnly }) =>
        reflector.store
          .byIndex(uid)
          .map((object) => ({ resource: reflector.resource, object, metadataOnly })),
      ),
    start: () => {
      for (const reflector of all) reflector.start();
    },
    synced: async () => void (await Promise.all(all.map((reflector) => reflector.synced()))),
    hasSynced: () => all.every((reflector) => reflector.hasSynced()),
    stop: async () => void (await Promise.all(all.map((reflector) => reflector.stop()))),
  };
}

function ownerUids(object: KubeObject): string[] {
  return object.metadata.ownerReferences?.map(({ uid }) => uid) ?? [];
}
