import { forbidden, invalidValue, notSupported, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import {
  isObject,
  type JsonObject,
  type KubeObject,
  member,
  objectAt,
  sameJson,
  stringAt,
} from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { child, fill, items } from './draft.ts';
import { claimDefaults } from './persistent-volume-claim.ts';
import { templateDefaults } from './pod-spec-defaults.ts';
import { atLeastZero, podSpecProblems, templateProblems } from './pod-spec-validation.ts';

const QUARTER = '25%';

/** Workloads keep the selector that they were made with. */
function selectorFixed(object: KubeObject, old: KubeObject): FieldError[] {
  const selector = member(object, 'spec', 'selector');
  return sameJson(selector, member(old, 'spec', 'selector'))
    ? []
    : [invalidValue('spec.selector', selector, 'field is immutable')];
}

function scaledProblems(object: KubeObject): FieldError[] {
  const spec = objectAt(object, 'spec');
  return [
    ...atLeastZero('spec.replicas', spec['replicas']),
    ...templateProblems(spec, 'spec'),
    ...atLeastZero('spec.minReadySeconds', spec['minReadySeconds']),
    ...atLeastZero('spec.revisionHistoryLimit', spec['revisionHistoryLimit']),
  ];
}

function rollingUpdateDefaults(strategy: JsonObject, defaults: JsonObject): void {
  fill(strategy, { type: 'RollingUpdate' });
  if (strategy['type'] === 'RollingUpdate') fill(child(strategy, 'rollingUpdate'), defaults);
}

function strategyProblems(object: KubeObject): FieldError[] {
  const strategy = objectAt(object, 'spec', 'strategy');
  const type = strategy['type'];
  if (type === 'Recreate' && isObject(strategy['rollingUpdate'])) {
    return [
      forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'"),
    ];
  }
  if (type !== 'Recreate' && type !== 'RollingUpdate') {
    return [notSupported('spec.strategy.type', type, ['Recreate', 'RollingUpdate'])];
  }
  const { maxSurge, maxUnavailable } = objectAt(strategy, 'rollingUpdate');
  const none = (value: unknown): boolean => value === 0 || value === '0%';
  return none(maxSurge) && none(maxUnavailable)
    ? [
        invalidValue(
          'spec.strategy.rollingUpdate.maxUnavailable',
          maxUnavailable,
          'may not be 0 when `maxSurge` is 0',
        ),
      ]
    : [];
}

function deploymentProblems(object: KubeObject): FieldError[] {
  return [...scaledProblems(object), ...strategyProblems(object)];
}

export const deployment: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
    rollingUpdateDefaults(child(spec, 'strategy'), { maxUnavailable: QUARTER, maxSurge: QUARTER });
    templateDefaults(spec);
  },
  validate: deploymentProblems,
  validateUpdate: (object, old) => [...deploymentProblems(object), ...selectorFixed(object, old)],
};

export const replicaSet: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    fill(spec, { replicas: 1 });
    templateDefaults(spec);
  },
  prepareCreate: (draft) => {
    draft['status'] = { replicas: 0 };
  },
  validate: scaledProblems,
  validateUpdate: (object, old) => [...scaledProblems(object), ...selectorFixed(object, old)],
  selectableFields: (object) => ({ 'status.replicas': String(member(object, 'status', 'replicas') ?? 0) }),
};

export const daemonSet: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    fill(spec, { revisionHistoryLimit: 10 });
    rollingUpdateDefaults(child(spec, 'updateStrategy'), { maxUnavailable: 1, maxSurge: 0 });
    templateDefaults(spec);
  },
  prepareCreate: (draft) => {
    draft['status'] = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    };
  },
  validate: scaledProblems,
  validateUpdate: (object, old) => [...scaledProblems(object), ...selectorFixed(object, old)],
};

const STATEFUL_CHANGEABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];
const STATEFUL_FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

function withoutMembers(value: JsonObject, keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

export const statefulSet: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    fill(spec, { replicas: 1, podManagementPolicy: 'OrderedReady', revisionHistoryLimit: 10 });
    rollingUpdateDefaults(child(spec, 'updateStrategy'), { partition: 0 });
    fill(child(spec, 'persistentVolumeClaimRetentionPolicy'), {
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    });
    for (const claim of items(spec, 'volumeClaimTemplates')) {
      fill(claim, { kind: 'PersistentVolumeClaim', apiVersion: 'v1' });
      claimDefaults(child(claim, 'spec'));
      fill(child(claim, 'status'), { phase: 'Pending' });
    }
    templateDefaults(spec);
  },
  prepareCreate: (draft) => {
    draft['status'] = { replicas: 0, availableReplicas: 0 };
  },
  validate: scaledProblems,
  validateUpdate(object, old) {
    const [now, before] = [object, old].map((o) => withoutMembers(objectAt(o, 'spec'), STATEFUL_CHANGEABLE));
    return [...scaledProblems(object), ...(sameJson(now, before) ? [] : [forbidden('spec', STATEFUL_FIXED)])];
  },
};

function jobSpecProblems(spec: JsonObject, field: string): FieldError[] {
  const restart = stringAt(spec, 'template', 'spec', 'restartPolicy') ?? '';
  const at = `${field}.template.spec.restartPolicy`;
  const wanted = ['OnFailure', 'Never'];
  const quoted = wanted.map((p) => JSON.stringify(p)).join(', ');
  return [
    ...[
      'parallelism',
      'completions',
      'backoffLimit',
      'activeDeadlineSeconds',
      'ttlSecondsAfterFinished',
    ].flatMap((key) => atLeastZero(`${field}.${key}`, spec[key])),
    ...podSpecProblems(objectAt(spec, 'template', 'spec'), `${field}.template.spec`),
    ...(restart === 'Always'
      ? [requiredValue(at, `valid values: ${quoted}`)]
      : wanted.includes(restart)
        ? []
        : [notSupported(at, restart, wanted)]),
  ];
}

function jobDefaults(spec: JsonObject): void {
  if (spec['completions'] === undefined && spec['parallelism'] === undefined)
    fill(spec, { completions: 1, parallelism: 1 });
  fill(spec, {
    parallelism: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
  });
  fill(spec, { podReplacementPolicy: isObject(spec['podFailurePolicy']) ? 'Failed' : 'TerminatingOrFailed' });
  templateDefaults(spec);
}

const JOB_FIXED = ['completions', 'selector', 'completionMode', 'manualSelector', 'backoffLimitPerIndex'];

export const job: KindRules = {
  defaults: (draft) => jobDefaults(child(draft, 'spec')),
  prepareCreate(draft) {
    const spec = child(draft, 'spec');
    if (spec['manualSelector'] === true) return;
    const { uid = '', name } = draft.metadata;
    const labels = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    };
    spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
    const metadata = child(child(spec, 'template'), 'metadata');
    metadata['labels'] = { ...objectAt(metadata, 'labels'), ...labels };
    draft.metadata.labels = { ...(metadata['labels'] as Record<string, string>), ...draft.metadata.labels };
  },
  validate: (object) => jobSpecProblems(objectAt(object, 'spec'), 'spec'),
  validateUpdate(object, old) {
    const [spec, before] = [objectAt(object, 'spec'), objectAt(old, 'spec')];
    const changed = JOB_FIXED.filter((key) => !sameJson(spec[key], before[key]));
    const [template, templateBefore] = [spec, before].map((s) => member(s, 'template', 'spec'));
    return [
      ...jobSpecProblems(spec, 'spec'),
      ...changed.map((key) => invalidValue(`spec.${key}`, spec[key], 'field is immutable')),
      ...(sameJson(template, templateBefore)
        ? []
        : [invalidValue('spec.template', member(spec, 'template'), 'field is immutable')]),
    ];
  },
};

export const cronJob: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    fill(spec, {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    const inner = child(child(spec, 'jobTemplate'), 'spec');
    templateDefaults(inner);
  },
  validate(object) {
    const spec = objectAt(object, 'spec');
    const schedule = (stringAt(spec, 'schedule') ?? '') === '' ? [requiredValue('spec.schedule')] : [];
    return [...schedule, ...jobSpecProblems(objectAt(spec, 'jobTemplate', 'spec'), 'spec.jobTemplate.spec')];
  },
};
