import { invalidValue, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { type JsonObject, type KubeObject, member, stringAt } from '../object.ts';
import type { KindRules, Resource } from '../resources/resource.ts';

/** Fields that one group calls so and the other so. */
const NAMES: [core: string, events: string][] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

function renamed(object: KubeObject, from: 0 | 1): JsonObject {
  const other = from === 0 ? 1 : 0;
  const names = new Map(NAMES.map((pair) => [pair[from], pair[other]]));
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value]));
}

/** Members that Go always writes. */
function asCore(object: JsonObject): KubeObject {
  return {
    ...object,
    apiVersion: 'v1',
    involvedObject: object['involvedObject'] ?? {},
    source: object['source'] ?? {},
    firstTimestamp: object['firstTimestamp'] ?? null,
    lastTimestamp: object['lastTimestamp'] ?? null,
    eventTime: object['eventTime'] ?? null,
    reportingComponent: object['reportingComponent'] ?? '',
    reportingInstance: object['reportingInstance'] ?? '',
  } as unknown as KubeObject;
}

function asEvents(stored: KubeObject): KubeObject {
  const { reportingController, reportingInstance, ...rest } = renamed(stored, 0);
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    ...(reportingController === '' ? {} : { reportingController }),
    ...(reportingInstance === '' ? {} : { reportingInstance }),
  } as unknown as KubeObject;
}

const REFERENCE = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** An event is about something in its own namespace; cluster-scoped things are reported in `default`. */
function namespaceProblems(object: KubeObject, reference: string): FieldError[] {
  const about = stringAt(object, reference, 'namespace') ?? '';
  const { namespace } = object.metadata;
  if (about === namespace || (about === '' && (namespace === 'default' || namespace === 'kube-system')))
    return [];
  return [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
}

export const coreEvent: KindRules = {
  defaults(draft) {
    Object.assign(draft, asCore(draft));
  },
  validate: (object) => namespaceProblems(object, 'involvedObject'),
  selectableFields: (object) => ({
    ...Object.fromEntries(
      REFERENCE.map((key) => [`involvedObject.${key}`, stringAt(object, 'involvedObject', key) ?? '']),
    ),
    reason: stringAt(object, 'reason') ?? '',
    reportingComponent: stringAt(object, 'reportingComponent') ?? '',
    source: stringAt(object, 'source', 'component') ?? stringAt(object, 'reportingComponent') ?? '',
    type: stringAt(object, 'type') ?? '',
  }),
};

export const groupEvent: KindRules = {
  defaults(draft) {
    draft['eventTime'] ??= null;
    draft['regarding'] ??= {};
    draft['deprecatedSource'] ??= {};
    draft['deprecatedFirstTimestamp'] ??= null;
    draft['deprecatedLastTimestamp'] ??= null;
  },
  validate(object) {
    const required = ['eventTime', 'reportingController', 'reportingInstance', 'action', 'reason', 'type'];
    const missing = required.find((key) => (member(object, key) ?? '') === '');
    if (missing !== undefined) return [requiredValue(missing)];
    return namespaceProblems(object, 'regarding');
  },
  validateUpdate: () => [],
  selectableFields: (object) => ({
    ...Object.fromEntries(
      REFERENCE.map((key) => [`regarding.${key}`, stringAt(object, 'regarding', key) ?? '']),
    ),
    reason: stringAt(object, 'reason') ?? '',
    reportingController: stringAt(object, 'reportingController') ?? '',
    type: stringAt(object, 'type') ?? '',
  }),
};

/** Both groups show the same events; they are stored as those of the core group. */
export const eventConversion: NonNullable<Resource['convert']> = {
  fromStorage: asEvents,
  toStorage: (object) => asCore(renamed(object, 1)),
};
