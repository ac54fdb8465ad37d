import {
  duplicateValue,
  forbidden,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { isObject, type JsonObject, listAt, member, numberAt, objectAt, stringAt } from '../object.ts';
import { matchesSelector } from '../selectors/label-selector-object.ts';
import { labelProblems } from '../validation/metadata.ts';
import { dnsLabel, dnsSubdomain } from '../validation/names.ts';

export function atLeastZero(field: string, value: unknown): FieldError[] {
  return typeof value === 'number' && value < 0
    ? [invalidValue(field, value, 'must be greater than or equal to 0')]
    : [];
}

export function portProblems(field: string, value: unknown): FieldError[] {
  if (typeof value === 'number' && (value < 1 || value > 65535)) {
    return [invalidValue(field, value, 'must be between 1 and 65535, inclusive')];
  }
  if (typeof value !== 'string') return [];
  const named =
    value.length <= 15 &&
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(value) &&
    /[a-z]/.test(value) &&
    !value.includes('--');
  return named
    ? []
    : [invalidValue(field, value, 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')];
}

function probeProblems(container: JsonObject, key: string, field: string): FieldError[] {
  const probe = container[key];
  if (!isObject(probe)) return [];
  const at = `${field}.${key}`;
  const handlers = ['exec', 'grpc', 'httpGet', 'tcpSocket'].filter((name) => isObject(probe[name]));
  return [
    ...(handlers.length === 0 ? [requiredValue(at, 'must specify a handler type')] : []),
    ...(handlers.length > 1
      ? [forbidden(`${at}.${handlers[1]}`, 'may not specify more than 1 handler type')]
      : []),
    ...portProblems(`${at}.httpGet.port`, member(probe, 'httpGet', 'port')),
    ...portProblems(`${at}.tcpSocket.port`, member(probe, 'tcpSocket', 'port')),
    ...(key !== 'readinessProbe' && (numberAt(probe, 'successThreshold') ?? 1) !== 1
      ? [invalidValue(`${at}.successThreshold`, probe['successThreshold'], 'must be 1')]
      : []),
  ];
}

function environmentProblems(container: JsonObject, field: string): FieldError[] {
  return listAt(container, 'env').flatMap((env, i) => {
    const at = `${field}.env[${i}]`;
    const name = stringAt(env, 'name') ?? '';
    if (name === '') return [requiredValue(`${at}.name`)];
    const both = (stringAt(env, 'value') ?? '') !== '' && isObject(member(env, 'valueFrom'));
    return both
      ? [invalidValue(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty')]
      : [];
  });
}

function mountProblems(container: JsonObject, volumes: Set<string>, field: string): FieldError[] {
  const seen = new Set<string>();
  return listAt(container, 'volumeMounts').flatMap((mount, i) => {
    const at = `${field}.volumeMounts[${i}]`;
    const name = stringAt(mount, 'name') ?? '';
    const path = stringAt(mount, 'mountPath') ?? '';
    const problems: FieldError[] = [];
    if (name === '') problems.push(requiredValue(`${at}.name`));
    else if (!volumes.has(name)) {
      problems.push({
        reason: 'FieldValueNotFound',
        field: `${at}.name`,
        message: `Not found: ${JSON.stringify(name)}`,
      });
    }
    if (path === '') problems.push(requiredValue(`${at}.mountPath`));
    else if (seen.has(path)) problems.push(invalidValue(`${at}.mountPath`, path, 'must be unique'));
    seen.add(path);
    return problems;
  });
}

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

function containerProblems(container: JsonObject, volumes: Set<string>, field: string): FieldError[] {
  const image = stringAt(container, 'image') ?? '';
  const policy = stringAt(container, 'imagePullPolicy');
  const ports = listAt(container, 'ports').flatMap((port, i) => {
    const at = `${field}.ports[${i}].containerPort`;
    const number = numberAt(port, 'containerPort') ?? 0;
    return number === 0 ? [requiredValue(at)] : portProblems(at, number);
  });
  return [
    ...(image === '' ? [requiredValue(`${field}.image`)] : []),
    ...(image !== image.trim()
      ? [invalidValue(`${field}.image`, image, 'must not have leading or trailing whitespace')]
      : []),
    ...(policy !== undefined && !PULL_POLICIES.includes(policy)
      ? [notSupported(`${field}.imagePullPolicy`, policy, PULL_POLICIES)]
      : []),
    ...ports,
    ...environmentProblems(container, field),
    ...mountProblems(container, volumes, field),
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((key) =>
      probeProblems(container, key, field),
    ),
  ];
}

function namedProblems(list: unknown[], field: string, seen: Set<string>): FieldError[] {
  return list.flatMap((entry, i) => {
    const at = `${field}[${i}].name`;
    const name = stringAt(entry, 'name') ?? '';
    if (name === '') return [requiredValue(at)];
    const wrong = dnsLabel(name, false).map((problem) => invalidValue(at, name, problem));
    if (seen.has(name)) wrong.push(duplicateValue(at, name));
    seen.add(name);
    return wrong;
  });
}

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** What is wrong with a pod spec; `field` is where it stands. */
export function podSpecProblems(spec: JsonObject, field: string): FieldError[] {
  const volumes = listAt(spec, 'volumes');
  const names = new Set(volumes.map((volume) => stringAt(volume, 'name') ?? ''));
  const containers = listAt(spec, 'containers');
  const inits = listAt(spec, 'initContainers');
  const seen = new Set<string>();
  const restart = stringAt(spec, 'restartPolicy') ?? '';
  const dns = stringAt(spec, 'dnsPolicy') ?? '';
  const account = stringAt(spec, 'serviceAccountName') ?? '';
  return [
    ...namedProblems(volumes, `${field}.volumes`, new Set()),
    ...(containers.length === 0 ? [requiredValue(`${field}.containers`)] : []),
    ...namedProblems(containers, `${field}.containers`, seen),
    ...containers
      .filter(isObject)
      .flatMap((c, i) => containerProblems(c, names, `${field}.containers[${i}]`)),
    ...namedProblems(inits, `${field}.initContainers`, seen),
    ...inits.filter(isObject).flatMap((c, i) => containerProblems(c, names, `${field}.initContainers[${i}]`)),
    ...(RESTART_POLICIES.includes(restart)
      ? []
      : [notSupported(`${field}.restartPolicy`, restart, RESTART_POLICIES)]),
    ...(DNS_POLICIES.includes(dns) ? [] : [notSupported(`${field}.dnsPolicy`, dns, DNS_POLICIES)]),
    ...(account === '' ? [] : dnsSubdomain(account, false)).map((p) =>
      invalidValue(`${field}.serviceAccountName`, account, p),
    ),
    ...atLeastZero(`${field}.terminationGracePeriodSeconds`, spec['terminationGracePeriodSeconds']),
  ];
}

/** A template must carry the labels that its workload selects by. */
export function templateProblems(workload: JsonObject, field: string): FieldError[] {
  const template = objectAt(workload, 'template');
  const labels = objectAt(template, 'metadata', 'labels') as Record<string, string>;
  const selector = member(workload, 'selector');
  const problems: FieldError[] = [];
  if (!isObject(selector)) problems.push(requiredValue(`${field}.selector`));
  else if (Object.keys(selector).length === 0) {
    problems.push(invalidValue(`${field}.selector`, selector, 'empty selector is invalid for deployment'));
  } else problems.push(...selectorProblems(selector, `${field}.selector`));
  if (!matchesSelector(selector, labels)) {
    problems.push(
      invalidValue(
        `${field}.template.metadata.labels`,
        labels,
        '`selector` does not match template `labels`',
      ),
    );
  }
  return [
    ...problems,
    ...labelProblems(labels, `${field}.template.labels`),
    ...podSpecProblems(objectAt(template, 'spec'), `${field}.template.spec`),
  ];
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** What is wrong with a LabelSelector. */
export function selectorProblems(selector: unknown, field: string): FieldError[] {
  const expressions = listAt(selector, 'matchExpressions').flatMap((expression, i) => {
    const at = `${field}.matchExpressions[${i}]`;
    const operator = stringAt(expression, 'operator') ?? '';
    const values = listAt(expression, 'values');
    if (!OPERATORS.includes(operator))
      return [invalidValue(`${at}.operator`, operator, 'not a valid selector operator')];
    if (operator.endsWith('n') && values.length === 0) {
      return [requiredValue(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    }
    const unary = operator === 'Exists' || operator === 'DoesNotExist';
    return unary && values.length > 0
      ? [forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
      : [];
  });
  return [
    ...labelProblems(objectAt(selector, 'matchLabels') as Record<string, string>, `${field}.matchLabels`),
    ...expressions,
  ];
}
