import {
  type Clock,
  createReflector,
  type KubeClient,
  type KubeObject,
  RESOURCES,
  type Reflector,
} from '../../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../../src/reconcile/resources.ts';

/** Everything that there is in the cluster, as an administrator's watches tell it: to compare without asking. */
export type Mirror = {
  of(namespace: string): KubeObject[];
  /** Of the queue: the resources that an operator has to look at. */
  keysOf(namespace: string): string[];
  /** Told of every object that was made, changed or removed. */
  onChange(tell: (object: KubeObject) => void): void;
  /** `kind/name version` of what this one has and a list does not, or the other way round. */
  differences(client: KubeClient, namespace: string): Promise<string[]>;
  stop(): Promise<void>;
};

/** Written by the cluster's own controllers, or about nobody's wishes. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['Event', 'Lease', 'Pod', 'ReplicaSet', 'EndpointSlice']);

/** @param options.namespace all of them, when left out */
export async function startMirror(
  client: KubeClient,
  options: { namespace?: string; clock?: Clock } = {},
): Promise<Mirror> {
  const resources = [
    PAYMENT_VAULTS,
    PSP_CONNECTORS,
    ...Object.values(RESOURCES).filter(
      ({ group, namespaced, kind }) =>
        namespaced &&
        !NOT_COMPARED.has(kind) &&
        (group === '' || !group.includes('.') || group.endsWith('.k8s.io')),
    ),
  ];
  const reflectors: Reflector<KubeObject>[] = resources.map((resource) =>
    createReflector({ client, resource, ...options, index: ({ metadata }) => [metadata.namespace ?? ''] }),
  );
  for (const reflector of reflectors) reflector.start();
  await Promise.all(reflectors.map((reflector) => reflector.synced()));
  return {
    of: (namespace) => reflectors.flatMap(({ store }) => store.byIndex(namespace)),
    keysOf: (namespace) =>
      reflectors
        .slice(0, 2)
        .flatMap(({ store }) =>
          store.byIndex(namespace).map(({ kind, metadata }) => `${kind}/${namespace}/${metadata.name}`),
        ),
    onChange(tell) {
      for (const reflector of reflectors) reflector.subscribe({ added: tell, updated: tell, deleted: tell });
    },
    async differences(client, namespace) {
      const differing = reflectors.map(async ({ store }, at) => {
        const { items } = await client.list(resources[at] ?? PAYMENT_VAULTS, { namespace });
        const nameOf = ({ kind, metadata }: KubeObject) =>
          `${kind ?? resources[at]?.kind}/${metadata.name} ${metadata.resourceVersion}`;
        const had = new Set(store.byIndex(namespace).map(nameOf));
        const listed = new Set(items.map(nameOf));
        return [...new Set([...had, ...listed])].filter((name) => !had.has(name) || !listed.has(name));
      });
      return (await Promise.all(differing)).flat();
    },
    stop: async () => void (await Promise.all(reflectors.map((reflector) => reflector.stop()))),
  };
}
