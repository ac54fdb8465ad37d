import { selects } from './label-selector.ts';
import { peersMatch, portsMatch } from './rule-matches.ts';
import { type Endpoint, isPod, type Pod, type Policy, type Protocol, type World } from './world.ts';

export type Connection = { from: Endpoint; to: Endpoint; port: number; protocol?: Protocol };

type Side = 'egress' | 'ingress';

/** Why one side of a connection allows or denies it. */
export type Reason =
  /** This rule (counted from 0) of this policy allows it. */
  | { side: Side; why: 'rule'; policy: string; rule: number }
  /** No policy selects the pod for this direction, so everything is allowed. */
  | { side: Side; why: 'notSelected' }
  /** The end on this side is no pod, so no policy speaks for it. */
  | { side: Side; why: 'outside' }
  /** These policies select the pod, and no rule of theirs allows it. */
  | { side: Side; why: 'denied'; policies: string[] };

export type Verdict = {
  allowed: boolean;
  /** What allows it on both sides, or only what denies it. Empty when a pod calls itself, which nothing can deny. */
  by: Reason[];
};

/**
 * Whether the NetworkPolicies of a cluster let a connection through, as the Kubernetes documentation defines it:
 * the sender's policies must allow it out and the receiver's policies must allow it in; answers follow. What
 * policies do not govern (routes, firewalls, a node talking to its own pods, pods of the host's network) is
 * not looked at, and neither is whether anything listens.
 */
export function canConnect({ from, to, port, protocol = 'TCP' }: Connection, world: World): Verdict {
  if (isPod(from) && isPod(to) && from.namespace === to.namespace && from.name === to.name) {
    return { allowed: true, by: [] };
  }
  const onPort = { to, port, protocol };
  const egress = judge('egress', from, world, (policy, at) =>
    (policy.spec.egress ?? []).flatMap((rule, index) =>
      portsMatch(rule.ports, onPort) && peersMatch(rule.to, to, at, world) ? [index] : [],
    ),
  );
  const ingress = judge('ingress', to, world, (policy, at) =>
    (policy.spec.ingress ?? []).flatMap((rule, index) =>
      portsMatch(rule.ports, onPort) && peersMatch(rule.from, from, at, world) ? [index] : [],
    ),
  );
  const reasons = [...egress, ...ingress];
  const denials = reasons.filter(({ why }) => why === 'denied');
  return denials.length > 0 ? { allowed: false, by: denials } : { allowed: true, by: reasons };
}

/** One direction. `allowing` gives the numbers of a policy's rules that allow the connection. */
function judge(
  side: Side,
  subject: Endpoint,
  world: World,
  allowing: (policy: Policy, namespace: string) => number[],
): Reason[] {
  if (!isPod(subject)) return [{ side, why: 'outside' }];
  const selecting = world.policies
    .filter((policy) => isolates(policy, subject, side))
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (selecting.length === 0) return [{ side, why: 'notSelected' }];
  const rules = selecting.flatMap((policy) =>
    allowing(policy, policy.metadata.namespace).map(
      (rule): Reason => ({ side, why: 'rule', policy: nameOf(policy), rule }),
    ),
  );
  return rules.length > 0 ? rules : [{ side, why: 'denied', policies: selecting.map(nameOf) }];
}

function isolates({ metadata, spec }: Policy, pod: Pod, side: Side): boolean {
  return (
    metadata.namespace === pod.namespace &&
    selects(spec.podSelector ?? {}, pod.labels) &&
    policyTypes(spec).includes(side === 'egress' ? 'Egress' : 'Ingress')
  );
}

/** Absent, every policy is about ingress, and about egress only if it has egress rules. */
function policyTypes({ policyTypes: asked = [], egress = [] }: Policy['spec']): readonly string[] {
  if (asked.length > 0) return asked;
  return egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function nameOf({ metadata }: Policy): string {
  return `${metadata.namespace}/${metadata.name}`;
}
