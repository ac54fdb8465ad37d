import {
  type Endpoint,
  isAddress,
  isBlock,
  isPod,
  type Pod,
  parseSelector,
  representatives,
  selects,
  type World,
} from '@cofferdam/operator/network';
import { CliError } from '../errors.ts';

/** What may stand at one end of a connection, under the name that it is shown by. */
export interface End {
  name: string;
  endpoint: Endpoint;
}

/**
 * The ends that `--from` or `--to` means: an address; a block, by one address of each part that the policies tell
 * apart; a pod or workload by name; pods by label, and if there are none, the pod that would have these labels.
 * Pods of equal labels in one namespace stand for each other.
 * @throws CliError `not_found` when no pod has the name, `usage_invalid` when it is none of these
 */
export function endsOf(text: string, seen: { world: World; pods: readonly Pod[]; namespace: string }): End[] {
  const { world, pods } = seen;
  if (isAddress(text)) return [outside(text)];
  if (isBlock(text)) return representatives(text, blocksOf(world)).map(outside);
  // The prefix of a label's key is a domain name and has a dot; a namespace has none.
  const [, given, rest = text] = /^([a-z0-9-]+)\/(.+)$/.exec(text) ?? [];
  const namespace = given ?? seen.namespace;
  const here = pods.filter((pod) => pod.namespace === namespace);
  if (!rest.includes('=')) {
    const named = here.filter(({ name }) => name === rest);
    if (named.length > 0) return named.map(endOf);
    throw new CliError(
      'not_found',
      `no pod or workload ${namespace}/${rest}: ${here.length === 0 ? 'there are none in this namespace' : `there are ${here.map(({ name }) => name).join(', ')}`}`,
    );
  }
  const labels = parseSelector(rest);
  if (labels === undefined) {
    throw new CliError('usage_invalid', `${text}: labels are written key=value,key=value`);
  }
  const found = distinct(here.filter((pod) => selects({ matchLabels: labels }, pod.labels)));
  if (found.length > 0) return found.map(endOf);
  return [{ name: `a pod ${namespace}/${rest}`, endpoint: { namespace, name: '', labels } }];
}

function endOf(pod: Pod): End {
  return { name: `${pod.namespace}/${pod.name}`, endpoint: pod };
}

function outside(address: string): End {
  return { name: address, endpoint: { address } };
}

function distinct(pods: readonly Pod[]): Pod[] {
  const key = ({ labels }: Pod) =>
    JSON.stringify(
      Object.entries(labels)
        // The one label that a Deployment's pods have and its template lacks.
        .filter(([name]) => name !== 'pod-template-hash')
        .sort(),
    );
  return [...new Map(pods.toReversed().map((pod) => [key(pod), pod])).values()].reverse();
}

function blocksOf({ policies }: World): string[] {
  return policies
    .flatMap(({ spec }) => [
      ...(spec.ingress ?? []).flatMap(({ from = [] }) => from),
      ...(spec.egress ?? []).flatMap(({ to = [] }) => to),
    ])
    .flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock.cidr, ...(ipBlock.except ?? [])]));
}

/** Whether two ends are one pod, which every policy leaves alone: of several alike, another one is meant. */
export function isSamePod(a: Endpoint, b: Endpoint): boolean {
  return isPod(a) && isPod(b) && a.namespace === b.namespace && a.name === b.name;
}
