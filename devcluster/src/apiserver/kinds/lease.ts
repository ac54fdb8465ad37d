import { invalidValue } from '../../apimachinery/field-error.ts';
import { isObject, member, objectAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { utcMicroTime } from './times.ts';

export const lease: KindRules = {
  unconditionalUpdate: false,
  defaults(draft) {
    const spec = member(draft, 'spec');
    if (!isObject(spec)) return;
    for (const key of ['acquireTime', 'renewTime']) {
      const time = spec[key];
      if (typeof time === 'string') spec[key] = utcMicroTime(time);
    }
  },
  validate(object) {
    const { leaseDurationSeconds, leaseTransitions } = objectAt(object, 'spec');
    return [
      ...(typeof leaseDurationSeconds === 'number' && leaseDurationSeconds <= 0
        ? [invalidValue('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')]
        : []),
      ...(typeof leaseTransitions === 'number' && leaseTransitions < 0
        ? [invalidValue('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0')]
        : []),
    ];
  },
};
