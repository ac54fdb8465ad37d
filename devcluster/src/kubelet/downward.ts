import { availableParallelism, totalmem } from 'node:os';
import type { Container, Pod } from '../controllers/objects.ts';
import { MissingReferenceError } from './references.ts';

export type PodAddresses = { podIp: string; hostIp: string; nodeName: string };

/** The value of a downward API `fieldRef`. */
export function fieldValue(pod: Pod, path: string, addresses: PodAddresses): string {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) {
    return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  }
  const fields: Record<string, () => string> = {
    'metadata.name': () => metadata.name,
    'metadata.namespace': () => metadata.namespace,
    'metadata.uid': () => metadata.uid,
    'metadata.labels': () => formatMap(metadata.labels),
    'metadata.annotations': () => formatMap(metadata.annotations),
    'spec.nodeName': () => addresses.nodeName,
    'spec.serviceAccountName': () => spec.serviceAccountName ?? 'default',
    'status.hostIP': () => addresses.hostIp,
    'status.hostIPs': () => addresses.hostIp,
    'status.podIP': () => addresses.podIp,
    'status.podIPs': () => addresses.podIp,
  };
  const field = fields[path];
  if (field === undefined) throw new MissingReferenceError(`unsupported fieldPath: ${path}`);
  return field();
}

/** One `key="value"` a line, sorted: the format of the kubelet's downward API files. */
const formatMap = (map: Record<string, string> = {}): string =>
  Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

const SUFFIXES: Record<string, number> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number: `250m` is 0.25, `64Mi` is 67108864. */
export function quantity(text: string): number {
  const [, number = '', suffix = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)(\w*)$/.exec(text) ?? [];
  return Number(number) * (suffix === '' ? 1 : (SUFFIXES[suffix] ?? Number.NaN));
}

/** The value of a downward API `resourceFieldRef`; without a limit it is what the node has. */
export function resourceValue(container: Container, resource: string, divisor = '1'): string {
  const [kind, name = ''] = resource.split('.');
  const { requests = {}, limits = {} } = container.resources ?? {};
  const whole =
    name === 'cpu' ? String(availableParallelism()) : name === 'memory' ? String(totalmem()) : '0';
  const value = kind === 'requests' ? (requests[name] ?? limits[name] ?? '0') : (limits[name] ?? whole);
  const unit = quantity(divisor === '0' ? '1' : divisor);
  return String(Math.ceil(quantity(value) / unit));
}
