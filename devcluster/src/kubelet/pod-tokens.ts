import type { KubeClient } from '@cofferdam/operator/engine';
import { RESOURCES } from '@cofferdam/operator/engine';
import type { Pod } from '../controllers/objects.ts';
import type { TokenRequest } from './volume-content.ts';

type Held = { token: string; renewAtMs: number };
type TokenResponse = { status: { token: string; expirationTimestamp: string } };

/** The service-account tokens of one pod, each bound to it and replaced after four fifths of its life. */
export type PodTokens = {
  /** Gets what is missing or due. */
  ensure(requests: TokenRequest[]): Promise<void>;
  /** A token that `ensure` has got. */
  get(request: TokenRequest): string;
  /** When `ensure` has to be called again; undefined without tokens. */
  renewAtMs(): number | undefined;
};

const RENEW_AT = 0.8;

export function createPodTokens(client: KubeClient, pod: Pod, now: () => Date): PodTokens {
  const held = new Map<string, Held>();
  const { namespace, name, uid } = pod.metadata;
  const account = pod.spec.serviceAccountName ?? 'default';

  async function request({ audience, expirationSeconds }: TokenRequest): Promise<Held> {
    const askedAt = now().getTime();
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: account, namespace },
      spec: {
        ...(audience === undefined ? {} : { audiences: [audience] }),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const answer = (await client.create(RESOURCES.serviceAccounts, body, {
      subresource: 'token',
    })) as unknown;
    const { token, expirationTimestamp } = (answer as TokenResponse).status;
    const lifeMs = Date.parse(expirationTimestamp) - askedAt;
    return { token, renewAtMs: askedAt + lifeMs * RENEW_AT };
  }

  return {
    async ensure(requests) {
      const due = requests.filter((each) => (held.get(keyOf(each))?.renewAtMs ?? 0) <= now().getTime());
      await Promise.all(due.map(async (each) => held.set(keyOf(each), await request(each))));
    },
    get(wanted) {
      const found = held.get(keyOf(wanted));
      if (found === undefined)
        throw new Error(`no token for audience ${wanted.audience ?? 'of the API server'}`);
      return found.token;
    },
    renewAtMs() {
      const times = [...held.values()].map(({ renewAtMs }) => renewAtMs);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

const keyOf = ({ audience = '', expirationSeconds }: TokenRequest): string =>
  `${expirationSeconds} ${audience}`;
