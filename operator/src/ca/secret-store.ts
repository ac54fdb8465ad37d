import { isKubeError, type KubeClient, type KubeObject, RESOURCES } from '../engine/index.ts';
import { type AuthoritySet, formatAuthorities, parseAuthorities } from './authority-set.ts';

const KEY = 'authorities.json';

/** The set as it was stored, with what a write has to name. */
export type Stored = { set: AuthoritySet; resourceVersion: string | undefined };

/** Where the keys of the authorities are kept, for all replicas of the operator. */
export type AuthorityStore = {
  /** An empty set when there is none yet. */
  read(): Promise<Stored>;
  /** @returns undefined when somebody else wrote since `before` was read: read again */
  write(set: AuthoritySet, before: Stored): Promise<Stored | undefined>;
};

/**
 * A Secret of the operator's own namespace, which a Role names: no right to any other.
 *
 * @param options.client its writes are a leader's
 */
export function secretStore(options: {
  client: KubeClient;
  namespace: string;
  name: string;
}): AuthorityStore {
  const { client, namespace, name } = options;
  return {
    async read() {
      try {
        return stored(await client.get(RESOURCES.secrets, { namespace, name }));
      } catch (error) {
        if (isKubeError(error, 'not_found')) return { set: [], resourceVersion: undefined };
        throw error;
      }
    },
    async write(set, { resourceVersion }) {
      const object: KubeObject & { type: string; data: Record<string, string> } = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          name,
          namespace,
          labels: { 'app.kubernetes.io/name': 'operator', 'app.kubernetes.io/part-of': 'cofferdam' },
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        },
        type: 'Opaque',
        data: { [KEY]: Buffer.from(formatAuthorities(set)).toString('base64') },
      };
      try {
        return stored(
          resourceVersion === undefined
            ? await client.create(RESOURCES.secrets, object)
            : await client.update(RESOURCES.secrets, object),
        );
      } catch (error) {
        if (isKubeError(error, 'conflict', 'already_exists', 'not_found')) return undefined;
        throw error;
      }
    },
  };
}

function stored(secret: KubeObject & { data?: Record<string, string> }): Stored {
  const { resourceVersion } = secret.metadata;
  const content = secret.data?.[KEY];
  // An empty Secret may have been put there on purpose, so that the operator need not create one.
  const set = content === undefined ? [] : parseAuthorities(Buffer.from(content, 'base64').toString());
  return { set, resourceVersion };
}
