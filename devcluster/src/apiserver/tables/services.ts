import { selectorText } from '../handlers/scale.ts';
import { isObject, type KubeObject, listAt, member, numberAt, objectAt, stringAt } from '../object.ts';
import { AGE, NONE, orNone, table } from './columns.ts';

function externalIp(object: KubeObject): string {
  const external = listAt(object, 'spec', 'externalIPs').join(',');
  switch (stringAt(object, 'spec', 'type')) {
    case 'ExternalName':
      return stringAt(object, 'spec', 'externalName') ?? NONE;
    case 'LoadBalancer': {
      const given = listAt(object, 'status', 'loadBalancer', 'ingress').map(
        (i) => stringAt(i, 'ip') ?? stringAt(i, 'hostname') ?? '',
      );
      return given.length > 0 ? given.join(',') : '<pending>';
    }
    default:
      return orNone(external);
  }
}

function ports(object: KubeObject): string {
  const list = listAt(object, 'spec', 'ports').map((port) => {
    const nodePort = numberAt(port, 'nodePort');
    const own = `${numberAt(port, 'port')}${nodePort === undefined ? '' : `:${nodePort}`}`;
    return `${own}/${stringAt(port, 'protocol') ?? 'TCP'}`;
  });
  return orNone(list.join(','));
}

function pairs(map: unknown): string {
  return Object.entries(isObject(map) ? map : {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

export const serviceTable = table([
  { name: 'Type', cell: (o) => stringAt(o, 'spec', 'type') ?? '' },
  { name: 'Cluster-IP', cell: (o) => orNone(stringAt(o, 'spec', 'clusterIP') ?? '') },
  { name: 'External-IP', cell: externalIp },
  { name: 'Port(s)', cell: ports },
  AGE,
  { name: 'Selector', wide: true, cell: (o) => orNone(pairs(member(o, 'spec', 'selector'))) },
]);

const UNSET = '<unset>';

export const endpointSliceTable = table([
  { name: 'AddressType', cell: (o) => stringAt(o, 'addressType') ?? '' },
  {
    name: 'Ports',
    cell: (o) => {
      const list = listAt(o, 'ports').map((port) => numberAt(port, 'port') ?? '*');
      return list.length === 0 ? UNSET : list.join(',');
    },
  },
  {
    name: 'Endpoints',
    cell: (o) => {
      const addresses = listAt(o, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses'));
      return addresses.length === 0 ? UNSET : addresses.join(',');
    },
  },
  AGE,
]);

export const networkPolicyTable = table([
  { name: 'Pod-Selector', cell: (o) => orNone(selectorText(objectAt(o, 'spec', 'podSelector'))) },
  AGE,
]);

export const ingressTable = table([
  { name: 'Class', cell: (o) => orNone(stringAt(o, 'spec', 'ingressClassName') ?? '') },
  {
    name: 'Hosts',
    cell: (o) =>
      listAt(o, 'spec', 'rules')
        .map((rule) => stringAt(rule, 'host') ?? '*')
        .join(',') || '*',
  },
  {
    name: 'Address',
    cell: (o) =>
      listAt(o, 'status', 'loadBalancer', 'ingress')
        .map((i) => stringAt(i, 'ip') ?? '')
        .join(','),
  },
  { name: 'Ports', cell: (o) => (listAt(o, 'spec', 'tls').length > 0 ? '80, 443' : '80') },
  AGE,
]);
