import { invalidValue, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import {
  isObject,
  type JsonObject,
  type KubeObject,
  listAt,
  member,
  numberAt,
  objectAt,
  stringAt,
} from '../object.ts';
import type { KindRules, Resource } from '../resources/resource.ts';
import { child, fill, items } from './draft.ts';
import { canonicalMember } from './quantity.ts';

const CPU = 80;
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';

const cpuMetric = (percent: number): JsonObject => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
});

const percentPolicy: JsonObject = { type: 'Percent', value: 100, periodSeconds: 15 };
const podsPolicy: JsonObject = { type: 'Pods', value: 4, periodSeconds: 15 };

function behaviorDefaults(behavior: JsonObject): void {
  fill(child(behavior, 'scaleUp'), {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [podsPolicy, percentPolicy],
  });
  fill(child(behavior, 'scaleDown'), { selectPolicy: 'Max', policies: [percentPolicy] });
}

function problems(object: KubeObject): FieldError[] {
  const spec = objectAt(object, 'spec');
  const max = numberAt(spec, 'maxReplicas') ?? 0;
  const min = numberAt(spec, 'minReplicas') ?? 1;
  const target = objectAt(spec, 'scaleTargetRef');
  return [
    ...(['kind', 'name'] as const).flatMap((key) =>
      (stringAt(target, key) ?? '') === '' ? [requiredValue(`spec.scaleTargetRef.${key}`)] : [],
    ),
    ...(min < 1 ? [invalidValue('spec.minReplicas', min, 'must be greater than or equal to 1')] : []),
    ...(max < 1 ? [requiredValue('spec.maxReplicas', 'must be set and greater than 0')] : []),
    ...(max < min
      ? [invalidValue('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`')]
      : []),
  ];
}

export const horizontalPodAutoscaler: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    fill(spec, { minReplicas: 1 });
    if (draft.apiVersion === 'autoscaling/v1') {
      fill(spec, { targetCPUUtilizationPercentage: CPU });
      return;
    }
    if (listAt(spec, 'metrics').length === 0) spec['metrics'] = [cpuMetric(CPU)];
    for (const metric of items(spec, 'metrics')) {
      for (const source of Object.values(metric).filter(isObject)) {
        const target = source['target'];
        if (isObject(target)) for (const key of ['value', 'averageValue']) canonicalMember(target, key);
      }
    }
    if (isObject(spec['behavior'])) behaviorDefaults(spec['behavior']);
  },
  prepareCreate(draft) {
    draft['status'] =
      draft.apiVersion === 'autoscaling/v1'
        ? { currentReplicas: 0, desiredReplicas: 0 }
        : { desiredReplicas: 0, currentMetrics: null };
  },
  validate: problems,
};

/** Go's form of a behavior, which v1 carries in an annotation. */
function goBehavior(behavior: JsonObject): string {
  const rules = (value: unknown): unknown => {
    if (!isObject(value)) return null;
    return {
      StabilizationWindowSeconds: value['stabilizationWindowSeconds'] ?? null,
      SelectPolicy: value['selectPolicy'] ?? null,
      Policies: listAt(value, 'policies').map((policy) => ({
        Type: member(policy, 'type'),
        Value: member(policy, 'value'),
        PeriodSeconds: member(policy, 'periodSeconds'),
      })),
      Tolerance: value['tolerance'] ?? null,
    };
  };
  return JSON.stringify({ ScaleUp: rules(behavior['scaleUp']), ScaleDown: rules(behavior['scaleDown']) });
}

function isCpuUtilization(metric: unknown): boolean {
  return (
    stringAt(metric, 'resource', 'name') === 'cpu' &&
    numberAt(metric, 'resource', 'target', 'averageUtilization') !== undefined
  );
}

function toV1(stored: KubeObject): KubeObject {
  const { metrics: _metrics, behavior, ...spec } = objectAt(stored, 'spec');
  const { currentMetrics: _current, conditions: _conditions, ...status } = objectAt(stored, 'status');
  const percent = numberAt(
    listAt(stored, 'spec', 'metrics').find(isCpuUtilization),
    'resource',
    'target',
    'averageUtilization',
  );
  const annotations = isObject(behavior)
    ? { ...stored.metadata.annotations, [BEHAVIOR]: goBehavior(behavior) }
    : undefined;
  return {
    ...stored,
    apiVersion: 'autoscaling/v1',
    metadata: annotations === undefined ? stored.metadata : { ...stored.metadata, annotations },
    spec: { ...spec, ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }) },
    status: { currentReplicas: 0, desiredReplicas: 0, ...status },
  };
}

function toV2(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: percent, ...spec } = objectAt(object, 'spec');
  const { currentCPUUtilizationPercentage: _current, ...status } = objectAt(object, 'status');
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    spec: { ...spec, metrics: [cpuMetric(typeof percent === 'number' ? percent : CPU)] },
    status: { currentMetrics: null, ...status },
  };
}

/** Stored as v2; v1 shows what it can. */
export const autoscalerV1: NonNullable<Resource['convert']> = { fromStorage: toV1, toStorage: toV2 };
