import { forbidden } from '../../apimachinery/field-error.ts';
import {
  clone,
  type JsonObject,
  type KubeObject,
  listAt,
  member,
  numberAt,
  objectAt,
  sameJson,
  stringAt,
} from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { child, fill } from './draft.ts';
import { podSpecDefaults } from './pod-spec-defaults.ts';
import { podSpecProblems } from './pod-spec-validation.ts';

const toleration = (key: string): JsonObject => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
});

function resourcesOf(object: KubeObject, kind: 'requests' | 'limits'): JsonObject[] {
  return listAt(object, 'spec', 'containers').map((container) => objectAt(container, 'resources', kind));
}

/** How a pod ranks when memory runs out. */
function qualityOfService(object: KubeObject): string {
  const [requests, limits] = [resourcesOf(object, 'requests'), resourcesOf(object, 'limits')];
  if ([...requests, ...limits].every((map) => Object.keys(map).length === 0)) return 'BestEffort';
  const guaranteed = limits.every((map, i) => {
    const asked = requests[i] ?? {};
    return ['cpu', 'memory'].every((key) => map[key] !== undefined && (asked[key] ?? map[key]) === map[key]);
  });
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** A pod's spec without what may change once it exists. */
function fixedPart(object: KubeObject): JsonObject {
  const spec = clone(objectAt(object, 'spec'));
  for (const key of [
    'activeDeadlineSeconds',
    'terminationGracePeriodSeconds',
    'tolerations',
    'schedulingGates',
    'ephemeralContainers',
  ]) {
    delete spec[key];
  }
  for (const key of ['containers', 'initContainers']) {
    for (const container of listAt(spec, key)) delete (container as JsonObject)['image'];
  }
  return spec;
}

const FIXED =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

const SELECTABLE = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'status.phase',
  'status.podIP',
];

export const pod: KindRules = {
  defaults(draft) {
    const spec = child(draft, 'spec');
    podSpecDefaults(spec);
    fill(spec, { enableServiceLinks: true });
  },
  prepareCreate(draft) {
    const spec = child(draft, 'spec');
    // What admission gives every pod of a real cluster.
    fill(spec, {
      tolerations: [toleration('not-ready'), toleration('unreachable')],
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
    });
    draft['status'] = { phase: 'Pending', qosClass: qualityOfService(draft) };
  },
  validate: (object) => podSpecProblems(objectAt(object, 'spec'), 'spec'),
  validateUpdate(object, old) {
    const fixed = sameJson(fixedPart(object), fixedPart(old)) ? [] : [forbidden('spec', FIXED)];
    return [...podSpecProblems(objectAt(object, 'spec'), 'spec'), ...fixed];
  },
  selectableFields: (object) => ({
    ...Object.fromEntries(SELECTABLE.map((field) => [field, stringAt(object, ...field.split('.')) ?? ''])),
    'spec.hostNetwork': String(member(object, 'spec', 'hostNetwork') === true),
  }),
  graceSeconds(object, requested) {
    const own = numberAt(object, 'spec', 'terminationGracePeriodSeconds') ?? 30;
    // A pod that no kubelet has, or that has ended, has nothing to finish.
    const phase = stringAt(object, 'status', 'phase');
    if ((stringAt(object, 'spec', 'nodeName') ?? '') === '' || phase === 'Failed' || phase === 'Succeeded')
      return 0;
    return requested ?? own;
  },
};
