import { invalidValue, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { isObject, type JsonObject, type KubeObject, listAt, member, objectAt, stringAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { dns1035Label } from '../validation/names.ts';
import { child, fill, items } from './draft.ts';
import { portProblems } from './pod-spec-validation.ts';

function defaults(draft: KubeObject): void {
  const spec = child(draft, 'spec');
  fill(spec, { sessionAffinity: 'None', type: 'ClusterIP' });
  if (spec['sessionAffinity'] === 'ClientIP') {
    fill(spec, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } });
  }
  for (const port of items(spec, 'ports')) fill(port, { protocol: 'TCP', targetPort: port['port'] });
  const type = spec['type'];
  if (type === 'NodePort' || type === 'LoadBalancer') fill(spec, { externalTrafficPolicy: 'Cluster' });
  if (type !== 'ExternalName') fill(spec, { internalTrafficPolicy: 'Cluster' });
  if (type === 'LoadBalancer') fill(spec, { allocateLoadBalancerNodePorts: true });
}

/** Addresses and what goes with them: given by the server, taken over on update. */
const GIVEN = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'];

function portListProblems(spec: JsonObject): FieldError[] {
  const ports = listAt(spec, 'ports');
  if (ports.length === 0 && spec['clusterIP'] !== 'None' && spec['type'] !== 'ExternalName') {
    return [requiredValue('spec.ports')];
  }
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `spec.ports[${i}]`;
    const name = stringAt(port, 'name') ?? '';
    const problems: FieldError[] = [];
    if (name === '' && ports.length > 1) problems.push(requiredValue(`${at}.name`));
    if (name !== '' && names.has(name)) {
      problems.push({
        reason: 'FieldValueDuplicate',
        field: `${at}.name`,
        message: `Duplicate value: ${JSON.stringify(name)}`,
      });
    }
    names.add(name);
    return [
      ...problems,
      ...portProblems(`${at}.port`, member(port, 'port') ?? 0),
      ...portProblems(`${at}.targetPort`, member(port, 'targetPort')),
    ];
  });
}

function problems(object: KubeObject): FieldError[] {
  const spec = objectAt(object, 'spec');
  const external =
    spec['type'] === 'ExternalName' && (stringAt(spec, 'externalName') ?? '') === ''
      ? [requiredValue('spec.externalName')]
      : [];
  return [...portListProblems(spec), ...external];
}

export const service: KindRules = {
  nameProblems: dns1035Label,
  defaults,
  prepareUpdate(draft, old) {
    const spec = child(draft, 'spec');
    if (spec['type'] === 'ExternalName') return;
    const before = objectAt(old, 'spec');
    if (spec['clusterIP'] === undefined && Array.isArray(spec['clusterIPs']))
      spec['clusterIP'] = spec['clusterIPs'][0];
    for (const key of GIVEN)
      if (spec[key] === undefined && before[key] !== undefined) spec[key] = before[key];
    if (spec['clusterIP'] !== before['clusterIP']) spec['clusterIPs'] = [spec['clusterIP']];
    for (const port of items(spec, 'ports')) {
      const same = listAt(before, 'ports').find(
        (p) => isObject(p) && p['port'] === port['port'] && p['protocol'] === port['protocol'],
      );
      const nodePort = member(same, 'nodePort');
      if (spec['type'] !== 'ClusterIP' && nodePort !== undefined) fill(port, { nodePort });
    }
  },
  validate: problems,
  validateUpdate(object, old) {
    const [ip, before] = [member(object, 'spec', 'clusterIPs'), stringAt(old, 'spec', 'clusterIP')];
    const changed =
      before !== undefined &&
      before !== '' &&
      Array.isArray(ip) &&
      ip[0] !== before &&
      objectAt(object, 'spec')['type'] !== 'ExternalName'
        ? [invalidValue('spec.clusterIPs[0]', ip, 'may not change once set')]
        : [];
    return [...changed, ...problems(object)];
  },
  allocate(draft, _old, context) {
    const spec = child(draft, 'spec');
    if (spec['type'] === 'ExternalName') return;
    const wanted = stringAt(spec, 'clusterIP') ?? '';
    const ip = wanted === '' ? context.serviceAddresses.next() : wanted;
    spec['clusterIP'] = ip;
    fill(spec, { clusterIPs: [ip], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    if (spec['type'] === 'ClusterIP') return;
    for (const port of items(spec, 'ports'))
      fill(port, { nodePort: context.serviceAddresses.nextNodePort() });
  },
  selectableFields: (object) => ({
    'spec.clusterIP': stringAt(object, 'spec', 'clusterIP') ?? '',
    'spec.type': stringAt(object, 'spec', 'type') ?? '',
  }),
};
