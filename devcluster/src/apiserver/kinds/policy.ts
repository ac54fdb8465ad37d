import { invalidValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { objectAt } from '../object.ts';
import type { KindRules } from '../resources/resource.ts';
import { child, fill } from './draft.ts';
import { atLeastZero, selectorProblems } from './pod-spec-validation.ts';

/** A count, or a percentage as text. */
function countOrPercentProblems(field: string, value: unknown): FieldError[] {
  if (typeof value !== 'string') return atLeastZero(field, value);
  if (/^[0-9]+%$/.test(value)) {
    return Number(value.slice(0, -1)) > 100
      ? [invalidValue(field, value, 'must not be greater than 100%')]
      : [];
  }
  const detail =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return [invalidValue(field, value, detail)];
}

export const podDisruptionBudget: KindRules = {
  unconditionalUpdate: false,
  defaults(draft) {
    if (draft['status'] !== undefined) {
      fill(child(draft, 'status'), {
        disruptionsAllowed: 0,
        currentHealthy: 0,
        desiredHealthy: 0,
        expectedPods: 0,
      });
    }
  },
  prepareCreate(draft) {
    draft['status'] = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  validate(object) {
    const spec = objectAt(object, 'spec');
    const { minAvailable, maxUnavailable, selector } = spec;
    return [
      ...(minAvailable !== undefined && maxUnavailable !== undefined
        ? [invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
        : []),
      ...countOrPercentProblems('spec.minAvailable', minAvailable),
      ...countOrPercentProblems('spec.maxUnavailable', maxUnavailable),
      ...selectorProblems(selector, 'spec.selector'),
    ];
  },
};
