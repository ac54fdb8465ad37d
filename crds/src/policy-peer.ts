import type { LabelSelector, NetworkPeer } from './selectors.ts';

/** A peer of ours in the words of networking.k8s.io/v1: what is absent stays so, since an empty selector means all. */
export function policyPeer({ cidr, podSelector, namespaceSelector }: NetworkPeer) {
  return {
    ...(cidr === undefined ? {} : { ipBlock: { cidr } }),
    ...(podSelector === undefined ? {} : { podSelector: withoutAbsent(podSelector) }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: withoutAbsent(namespaceSelector) }),
  };
}

function withoutAbsent({ matchLabels, matchExpressions }: LabelSelector) {
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
            key,
            operator,
            ...(values === undefined ? {} : { values }),
          })),
        }),
  };
}
