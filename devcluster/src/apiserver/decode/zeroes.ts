import { isObject, type JsonObject, type KubeObject } from '../object.ts';

/** Booleans and numbers that are no pointers in Go: false and 0 are the same as absent, and are not written. */
const NOT_POINTERS = new Set([
  ...['hostNetwork', 'hostPID', 'hostIPC', 'stdin', 'stdinOnce', 'tty', 'paused', 'readOnly'],
  ...[
    'publishNotReadyAddresses',
    'unschedulable',
    'minReadySeconds',
    'nodePort',
    'hostPort',
    'observedGeneration',
  ],
  ...['updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'fullyLabeledReplicas'],
  ...[
    'currentReplicas',
    'active',
    'succeeded',
    'failed',
    'initialDelaySeconds',
    'healthCheckNodePort',
    'count',
  ],
]);

/** Strings that are pointers: an empty one says something. */
const STRING_POINTERS = new Set([
  'storageClassName',
  'ingressClassName',
  'appProtocol',
  'volumeName',
  'message',
  'name',
]);

/** Maps of free text: their members are no fields. */
const FREE_MAPS = new Set([
  ...['labels', 'annotations', 'matchLabels', 'data', 'stringData', 'binaryData', 'nodeSelector', 'selector'],
  ...[
    'fieldsV1',
    'default',
    'openAPIV3Schema',
    'enum',
    'example',
    'parameters',
    'roleRef',
    'subjects',
    'rules',
  ],
]);

function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy);
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (FREE_MAPS.has(key)) kept[key] = item;
    else if ((item === false || item === 0) && NOT_POINTERS.has(key)) continue;
    else if (item === '' && !STRING_POINTERS.has(key)) continue;
    else kept[key] = tidy(item);
  }
  return kept;
}

/** A built-in object without the zeroes that Go would not write. */
export function withoutZeroes(object: KubeObject): KubeObject {
  const { spec, status, ...rest } = object;
  return {
    ...rest,
    ...(spec === undefined ? {} : { spec: tidy(spec) }),
    ...(status === undefined ? {} : { status: tidy(status) }),
  };
}
