import { isIP } from 'node:net';
import { invalidValue, notSupported, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { isObject, type JsonObject, type KubeObject, listAt, member, objectAt, stringAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { child, fill, items } from './draft.ts';
import { portProblems, selectorProblems } from './pod-spec-validation.ts';

function isCidr(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  const family = isIP(address);
  return family !== 0 && /^\d+$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

const CIDR_MESSAGE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

function peerProblems(peer: unknown, field: string): FieldError[] {
  const block = member(peer, 'ipBlock');
  const selectors = ['podSelector', 'namespaceSelector'].filter((key) => isObject(member(peer, key)));
  if (!isObject(block)) {
    if (selectors.length === 0) return [requiredValue(field, 'must specify a peer')];
    return selectors.flatMap((key) => selectorProblems(member(peer, key), `${field}.${key}`));
  }
  if (selectors.length > 0) {
    return [
      {
        reason: 'FieldValueForbidden',
        field,
        message: 'Forbidden: may not specify both ipBlock and another peer',
      },
    ];
  }
  const cidr = stringAt(block, 'cidr') ?? '';
  if (cidr === '') return [requiredValue(`${field}.ipBlock.cidr`)];
  if (!isCidr(cidr)) return [invalidValue(`${field}.ipBlock.cidr`, cidr, CIDR_MESSAGE)];
  return listAt(block, 'except').flatMap((except, i) =>
    isCidr(String(except)) ? [] : [invalidValue(`${field}.ipBlock.except[${i}]`, except, CIDR_MESSAGE)],
  );
}

function ruleProblems(spec: JsonObject, direction: 'ingress' | 'egress'): FieldError[] {
  const peers = direction === 'ingress' ? 'from' : 'to';
  return listAt(spec, direction).flatMap((rule, i) => {
    const at = `spec.${direction}[${i}]`;
    return [
      ...listAt(rule, 'ports').flatMap((port, j) =>
        portProblems(`${at}.ports[${j}].port`, member(port, 'port')),
      ),
      ...listAt(rule, peers).flatMap((peer, j) => peerProblems(peer, `${at}.${peers}[${j}]`)),
    ];
  });
}

export const networkPolicy: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    child(spec, 'podSelector');
    for (const direction of ['ingress', 'egress']) {
      for (const rule of items(spec, direction))
        for (const port of items(rule, 'ports')) fill(port, { protocol: 'TCP' });
    }
    fill(spec, { policyTypes: listAt(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'] });
  },
  validate(object) {
    const spec = objectAt(object, 'spec');
    return [
      ...selectorProblems(spec['podSelector'], 'spec.podSelector'),
      ...ruleProblems(spec, 'ingress'),
      ...ruleProblems(spec, 'egress'),
      ...listAt(spec, 'policyTypes').flatMap((type, i) =>
        type === 'Ingress' || type === 'Egress'
          ? []
          : [notSupported(`spec.policyTypes[${i}]`, type, ['Egress', 'Ingress'])],
      ),
    ];
  },
};

function pathProblems(path: unknown, field: string): FieldError[] {
  const type = stringAt(path, 'pathType');
  const types = ['Exact', 'ImplementationSpecific', 'Prefix'];
  return [
    ...(type === undefined ? [requiredValue(`${field}.pathType`, 'pathType must be specified')] : []),
    ...(type !== undefined && !types.includes(type) ? [notSupported(`${field}.pathType`, type, types)] : []),
  ];
}

export const ingress: KindRules = {
  validate(object: KubeObject) {
    const rules = listAt(object, 'spec', 'rules');
    if (rules.length === 0 && member(object, 'spec', 'defaultBackend') === undefined) {
      return [invalidValue('spec', [], 'either `defaultBackend` or `rules` must be specified')];
    }
    return rules.flatMap((rule, i) =>
      listAt(rule, 'http', 'paths').flatMap((path, j) =>
        pathProblems(path, `spec.rules[${i}].http.paths[${j}]`),
      ),
    );
  },
};
