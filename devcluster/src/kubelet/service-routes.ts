import { SERVICE_NAME_LABEL } from '../controllers/endpoint-slice-plan.ts';
import type { EndpointSlice, Service } from '../controllers/objects.ts';
import type { HostTable } from './host-names.ts';

export type Target = { host: string; port: number };
/** One port of a Service's own address, and what is behind it now. */
export type Route = { service: string; host: string; port: number; targets: Target[] };

const isIp = (address: string | undefined): address is string =>
  address !== undefined && address !== '' && address !== 'None';

/** What the proxy listens for: every TCP port of every ClusterIP, with the ready endpoints. */
export function planRoutes(services: Service[], slices: EndpointSlice[]): Route[] {
  return services.flatMap((service) => {
    const { clusterIP, ports = [] } = service.spec;
    if (!isIp(clusterIP)) return [];
    const own = slicesOf(service, slices);
    return ports
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ name = '', port }) => ({
        service: `${service.metadata.namespace}/${service.metadata.name}`,
        host: clusterIP,
        port,
        targets: own.flatMap((slice) => targetsOf(slice, name)),
      }));
  });
}

/**
 * What names resolve to. A Service whose ports are the same behind it resolves to its ready endpoints: a connection
 * then really is one to the pod, and is refused when the pod refuses it. Every other one resolves to its ClusterIP,
 * also the one that has nothing ready: nobody listens there, which is what a cluster's clients see then.
 */
export function planHosts(services: Service[], slices: EndpointSlice[]): HostTable {
  const table: HostTable = {};
  for (const service of services) {
    const { clusterIP, ports = [] } = service.spec;
    const own = slicesOf(service, slices);
    const addresses = [...new Set(own.flatMap(readyAddresses))].sort();
    const direct =
      !isIp(clusterIP) ||
      ports.every(({ name = '', port }) =>
        own.flatMap((slice) => targetsOf(slice, name)).every((target) => target.port === port),
      );
    const resolved = addresses.length > 0 && direct ? addresses : isIp(clusterIP) ? [clusterIP] : [];
    table[`${service.metadata.name}.${service.metadata.namespace}`] = resolved;
  }
  return table;
}

const slicesOf = ({ metadata }: Service, slices: EndpointSlice[]): EndpointSlice[] =>
  slices.filter(
    (slice) =>
      slice.metadata.namespace === metadata.namespace &&
      slice.metadata.labels?.[SERVICE_NAME_LABEL] === metadata.name &&
      slice.addressType === 'IPv4',
  );

/** An endpoint that does not say is ready, by the API's own rule. */
const readyAddresses = (slice: EndpointSlice): string[] =>
  (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.slice(0, 1));

function targetsOf(slice: EndpointSlice, portName: string): Target[] {
  const port = (slice.ports ?? []).find(({ name = '' }) => name === portName)?.port;
  return port === undefined ? [] : readyAddresses(slice).map((host) => ({ host, port }));
}
