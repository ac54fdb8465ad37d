import type { EgressRule, IngressRule } from '../engine/kubernetes-types.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type Labels = Readonly<Record<string, string>>;

/** A port that a container declares; only these can be meant by a name in a policy. */
export type NamedPort = { name: string; port: number; protocol?: Protocol };

export type Pod = {
  namespace: string;
  name: string;
  labels: Labels;
  ports?: readonly NamedPort[];
  /**
   * Whether an `ipBlock` holds for pods too is left to the network plugin (Calico says yes, Cilium no). With an
   * address given, it does here; without one, a pod is matched by selectors alone.
   */
  address?: string;
};

/** Anything that is no pod: a database beside the cluster, a PSP, a person's laptop. */
export type Outside = { address: string };

export type Endpoint = Pod | Outside;

/** A `NetworkPolicy` as the API server serves it, as far as it matters here. */
export type Policy = {
  metadata: { namespace: string; name: string };
  spec: {
    podSelector?: LabelSelector;
    policyTypes?: readonly string[];
    ingress?: readonly IngressRule[];
    egress?: readonly EgressRule[];
  };
};

export type LabelSelector = {
  matchLabels?: Labels;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
};

export type World = {
  /** Labels by namespace. `kubernetes.io/metadata.name` need not be among them: the API server sees to it. */
  namespaces: Readonly<Record<string, Labels>>;
  policies: readonly Policy[];
};

export function isPod(endpoint: Endpoint): endpoint is Pod {
  return 'namespace' in endpoint;
}
