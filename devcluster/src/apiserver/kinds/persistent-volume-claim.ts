import { forbidden, requiredValue } from '../../apimachinery/field-error.ts';
import { isObject, type JsonObject, listAt, member, objectAt, sameJson } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { child, fill } from './draft.ts';
import { canonicalQuantities } from './quantity.ts';

export function claimDefaults(spec: JsonObject): void {
  fill(spec, { volumeMode: 'Filesystem' });
  canonicalQuantities(member(spec, 'resources', 'requests'));
  canonicalQuantities(member(spec, 'resources', 'limits'));
}

export const persistentVolumeClaim: KindRules = {
  defaults(draft) {
    claimDefaults(child(draft, 'spec'));
  },
  prepareCreate(draft) {
    const protection = 'kubernetes.io/pvc-protection';
    const finalizers = draft.metadata.finalizers ?? [];
    draft.metadata.finalizers = finalizers.includes(protection) ? finalizers : [...finalizers, protection];
    draft['status'] = { phase: 'Pending' };
  },
  validate(object) {
    const spec = objectAt(object, 'spec');
    const storage = member(spec, 'resources', 'requests');
    return [
      ...(listAt(spec, 'accessModes').length === 0
        ? [requiredValue('spec.accessModes', 'at least 1 access mode is required')]
        : []),
      ...(isObject(storage) && storage['storage'] !== undefined
        ? []
        : [requiredValue('spec.resources[storage]')]),
    ];
  },
  validateUpdate(object, old) {
    const [now, before] = [object, old].map((o) => {
      const { resources: _resources, volumeName: _volumeName, ...rest } = objectAt(o, 'spec');
      return rest;
    });
    const message =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    return sameJson(now, before) ? [] : [forbidden('spec', message)];
  },
};
