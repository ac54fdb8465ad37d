import type { Endpoint, EndpointSlice, Pod, Service } from './objects.ts';
import { isReady } from './objects.ts';
import { canonicalJson } from './pod-template.ts';

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const MANAGER = 'endpointslice-controller.k8s.io';

export type SlicePort = { name: string; protocol: string; port: number };
export type SliceContent = { ports: SlicePort[]; endpoints: Endpoint[] };

/**
 * The slices of a Service: one for each distinct set of ports, because a named targetPort may be another number in
 * another pod. `pods` are those that its selector selects.
 */
export function planEndpointSlices(service: Service, pods: Pod[]): SliceContent[] {
  const slices = new Map<string, SliceContent>();
  for (const pod of [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const endpoint = endpointOf(pod, service.spec.publishNotReadyAddresses === true);
    if (endpoint === undefined) continue;
    const ports = portsOf(service, pod);
    const key = canonicalJson(ports);
    const slice = slices.get(key) ?? { ports, endpoints: [] };
    slice.endpoints.push(endpoint);
    slices.set(key, slice);
  }
  // A Service without pods has an empty slice, so that "nothing is ready" and "not yet looked at" differ.
  if (slices.size === 0) return [{ ports: [], endpoints: [] }];
  return [...slices.values()];
}

function endpointOf(pod: Pod, publishNotReady: boolean): Endpoint | undefined {
  const address = pod.status?.podIP;
  const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if (address === undefined || address === '' || finished) return undefined;
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  return {
    addresses: [address],
    conditions: { ready: publishNotReady || (serving && !terminating), serving, terminating },
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
  };
}

function portsOf(service: Service, pod: Pod): SlicePort[] {
  return (service.spec.ports ?? []).flatMap(({ name = '', protocol = 'TCP', port, targetPort = port }) => {
    const number = typeof targetPort === 'number' ? targetPort : namedPort(pod, targetPort);
    return number === undefined ? [] : [{ name, protocol, port: number }];
  });
}

function namedPort(pod: Pod, name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  return pod.spec.containers.flatMap(({ ports = [] }) => ports).find((port) => port.name === name)
    ?.containerPort;
}

/** Whether a stored slice already says this. */
export const sliceHas = (slice: EndpointSlice, content: SliceContent): boolean =>
  canonicalJson({ ports: slice.ports ?? [], endpoints: slice.endpoints ?? [] }) === canonicalJson(content);
