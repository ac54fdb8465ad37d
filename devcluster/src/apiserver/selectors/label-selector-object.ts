import { own } from '../../apimachinery/json.ts';
import { isObject, listAt, objectAt, stringAt } from '../object.ts';
import type { Labels } from './labels.ts';

function expressionMatches(expression: unknown, labels: Labels): boolean {
  const value = own(labels, stringAt(expression, 'key') ?? '');
  const values = listAt(expression, 'values');
  switch (stringAt(expression, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

/** Whether labels match a LabelSelector object; an empty one matches everything, none at all nothing. */
export function matchesSelector(selector: unknown, labels: Labels): boolean {
  if (!isObject(selector)) return false;
  const equal = Object.entries(objectAt(selector, 'matchLabels')).every(
    ([key, value]) => own(labels, key) === value,
  );
  return (
    equal && listAt(selector, 'matchExpressions').every((expression) => expressionMatches(expression, labels))
  );
}
