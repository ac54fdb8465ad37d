import { FIELD_MANAGER, GROUP } from '@cofferdam/crds';
import { MANAGED_SELECTOR } from '../desired/names.ts';
import {
  apiName,
  type Clock,
  createIntern,
  createReflector,
  createTrim,
  type Intern,
  type KubeClient,
  type KubeError,
  type KubeObject,
  type Observed,
  OPTIONAL_RESOURCES,
  type Random,
  RESOURCES,
  type Reflector,
  type Resource,
  type SeenBy,
  type StoreHandler,
} from '../engine/index.ts';
import type { ObservedDeployment, ObservedJob, ObservedPod } from '../status/observed-types.ts';
import { byClaim, byInstance, byOwner, byVault } from './cache-indexes.ts';
import { ofDeployment, ofJob, ofOwn, ofPod } from './kept-content.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from './resources.ts';

/** A reflector of any kind, for what concerns them all. */
type AnyReflector = Omit<Reflector<KubeObject>, 'subscribe'> & {
  subscribe(handler: StoreHandler<KubeObject>): () => void;
};

/** Everything that is watched: both kinds, and the children that carry our label. */
export type Caches = {
  /** `byIndex`: `spec.vaultId`. */
  vaults: Reflector<KubeObject>;
  /** `byIndex`: `namespace/name` of the vault that they are for. */
  connectors: Reflector<KubeObject>;
  /** These two by the UID of their owner. */
  deployments: Reflector<ObservedDeployment>;
  jobs: Reflector<ObservedJob>;
  /** `byIndex`: `namespace/instance`, from their labels. */
  pods: Reflector<ObservedPod>;
  childrenOf(uid: string): Observed[];
  /** Told of every kind of child, pods excepted: those belong to Deployments and Jobs. Also of kinds that come later. */
  onChild(handler: StoreHandler<KubeObject>): () => void;
  /** Follows the optional kinds that the cluster has (`apiName`), and no longer those that it had. */
  follow(apis: ReadonlySet<string>): void;
  /** The cache in which objects of a resource are seen, once it is filled. */
  of(resource: Resource): SeenBy | undefined;
  start(): void;
  synced(): Promise<void>;
  hasSynced(): boolean;
  snapshot(): ReturnType<AnyReflector['snapshot']>[];
  stop(): Promise<void>;
};

export type CachesOptions = {
  client: KubeClient;
  /** Only these namespaces, each listed and watched by itself. Default: all of the cluster. */
  namespaces?: readonly string[] | undefined;
  clock?: Clock;
  random?: Random;
  onError?: (resource: Resource, error: KubeError, retryInMs: number) => void;
  onHandlerError?: (error: unknown) => void;
};

const OPTIONAL = Object.values(OPTIONAL_RESOURCES);
/** Only their metadata: our managedFields tell whether somebody has changed them. */
const AS_METADATA = [
  RESOURCES.horizontalPodAutoscalers,
  RESOURCES.services,
  RESOURCES.serviceAccounts,
  RESOURCES.configMaps,
  RESOURCES.networkPolicies,
  RESOURCES.podDisruptionBudgets,
];

export function createCaches(options: CachesOptions): Caches {
  const watchOf = reflectors(options);
  const labelSelector = MANAGED_SELECTOR;
  const child = <T extends KubeObject>(resource: Resource, content: (object: T, intern: Intern) => T) =>
    watchOf<T>(resource, { labelSelector, index: byOwner, content });
  const asMetadata = (resource: Resource) =>
    watchOf<KubeObject>(resource, { labelSelector, index: byOwner, metadataOnly: true });

  const vaults = watchOf<KubeObject>(PAYMENT_VAULTS, { index: byClaim, content: ofOwn });
  const connectors = watchOf<KubeObject>(PSP_CONNECTORS, { index: byVault, content: ofOwn });
  const deployments = child<ObservedDeployment>(RESOURCES.deployments, ofDeployment);
  const jobs = child<ObservedJob>(RESOURCES.jobs, ofJob);
  const pods = watchOf<ObservedPod>(RESOURCES.pods, { labelSelector, index: byInstance, content: ofPod });
  const always: AnyReflector[] = [deployments, jobs, ...AS_METADATA.map(asMetadata)];
  const all: AnyReflector[] = [vaults, connectors, pods, ...always];
  const optional = new Map<Resource, AnyReflector>();
  const handlers = new Map<StoreHandler<KubeObject>, Map<AnyReflector, () => void>>();
  const leaving = new Set<Promise<void>>();
  const children = () => [...always, ...optional.values()];

  function join(resource: Resource): void {
    const reflector: AnyReflector = asMetadata(resource);
    optional.set(resource, reflector);
    for (const [handler, ends] of handlers) ends.set(reflector, reflector.subscribe(handler));
    reflector.start();
  }

  function leave(resource: Resource, reflector: AnyReflector): void {
    optional.delete(resource);
    for (const ends of handlers.values()) {
      ends.get(reflector)?.();
      ends.delete(reflector);
    }
    const done = reflector.stop().finally(() => leaving.delete(done));
    leaving.add(done);
  }

  return {
    vaults,
    connectors,
    deployments,
    jobs,
    pods,
    childrenOf: (uid) =>
      children().flatMap(({ resource, store }) =>
        // None of them is whole: what is not kept of a Deployment is what nobody here reads.
        store.byIndex(uid).map((object) => ({ resource, object, metadataOnly: true })),
      ),
    onChild(handler) {
      const ends = new Map(children().map((reflector) => [reflector, reflector.subscribe(handler)]));
      handlers.set(handler, ends);
      return () => {
        handlers.delete(handler);
        for (const end of ends.values()) end();
      };
    },
    follow(apis) {
      for (const resource of OPTIONAL) {
        const reflector = optional.get(resource);
        const isThere = apis.has(apiName(resource));
        if (isThere && reflector === undefined) join(resource);
        if (!isThere && reflector !== undefined) leave(resource, reflector);
      }
    },
    of({ group, plural }) {
      const is = ({ resource }: AnyReflector) => resource.group === group && resource.plural === plural;
      const found = all.find(is) ?? [...optional.values()].find(is);
      return found?.hasSynced() ? found : undefined;
    },
    start: () => {
      for (const reflector of all) reflector.start();
    },
    synced: async () => void (await Promise.all(all.map((reflector) => reflector.synced()))),
    hasSynced: () => all.every((reflector) => reflector.hasSynced()),
    snapshot: () => [...all, ...optional.values()].map((reflector) => reflector.snapshot()),
    stop: async () =>
      void (await Promise.all([
        ...[...all, ...optional.values()].map((reflector) => reflector.stop()),
        ...leaving,
      ])),
  };
}

/** What all of them have in common. */
function reflectors(options: CachesOptions) {
  const { client, namespaces, clock, random, onError, onHandlerError } = options;
  const intern = createIntern();
  return <T extends KubeObject>(
    resource: Resource,
    extra: {
      index: (object: T) => readonly string[];
      labelSelector?: string;
      metadataOnly?: boolean;
      content?: (object: T, intern: Intern) => T;
    },
  ): Reflector<T> => {
    const { content, metadataOnly, ...rest } = extra;
    const annotations = (name: string) => name.startsWith(`${GROUP}/`);
    return createReflector<T>({
      ...rest,
      client,
      resource,
      namespaces,
      clock,
      random,
      metadataOnly,
      watchList: true,
      trim: createTrim<T>({
        metadataOnly: metadataOnly ?? false,
        manager: FIELD_MANAGER,
        annotations,
        content,
        intern,
      }),
      ...(onHandlerError === undefined ? {} : { onHandlerError }),
      onError: (error, retryInMs) => onError?.(resource, error, retryInMs),
    });
  };
}
