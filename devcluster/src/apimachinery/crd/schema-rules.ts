import { compileRules } from '../cel/compile.ts';
import { maxOccurrences, multiplicity } from '../cel/declared-size.ts';
import { TYPE_META } from '../cel/types.ts';
import { type FieldError, invalidValue } from '../field-error.ts';
import { listType, type Schema, type ValidationRule } from '../schema.ts';
import { CostBudget } from './cost-budget.ts';

/** Compiles all rules of a schema, and refuses `oldSelf` where old and new values cannot be told to correspond. */
export function validateSchemaRules(schema: Schema, path: string): FieldError[] {
  const root: Schema = { ...schema, properties: { ...schema.properties, ...TYPE_META } };
  const budget = new CostBudget();
  const errors = walk(root, { path, occurrences: 1, budget });
  return [...errors, ...budget.errors(path)];
}

interface Place {
  readonly path: string;
  /** How often a value of the schema can stand in one object; undefined when a list or map around it has no limit. */
  readonly occurrences: number | undefined;
  readonly budget: CostBudget;
  /** The list or map below which old and new values do not correspond. */
  readonly uncorrelatable?: string;
}

function walk(schema: Schema, place: Place): FieldError[] {
  const { path, uncorrelatable, budget } = place;
  const factor = multiplicity(schema);
  const occurrences =
    place.occurrences === undefined || factor === undefined ? undefined : place.occurrences * factor;
  const keep = { occurrences, budget, ...(uncorrelatable !== undefined && { uncorrelatable }) };
  const errors: FieldError[] = [];
  const { additionalProperties: extra, items } = schema;
  if (typeof extra === 'object')
    errors.push(...walk(extra, { path: `${path}.additionalProperties`, ...keep }));
  const members =
    schema['x-kubernetes-map-type'] === 'atomic' ? { ...keep, uncorrelatable: uncorrelatable ?? path } : keep;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...walk(property, { path: `${path}.properties[${name}]`, ...members }));
  }
  if (items !== undefined) {
    const inItems = listType(schema) === 'map' ? keep : { ...keep, uncorrelatable: uncorrelatable ?? path };
    errors.push(...walk(items, { path: `${path}.items`, ...inItems }));
  }
  return [...errors, ...ruleErrors(schema, place)];
}

function ruleErrors(schema: Schema, place: Place): FieldError[] {
  const { path, uncorrelatable, budget } = place;
  const times = place.occurrences ?? maxOccurrences(schema);
  return compileRules(schema).flatMap(({ rule, error, messageError, isTransition, cost, messageCost }, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`;
    const errors = [
      ...budget.spend(`${at}.rule`, 'estimated rule cost', cost * times),
      ...budget.spend(`${at}.messageExpression`, 'estimated messageExpression cost', messageCost),
    ];
    if (error !== undefined) errors.push(refused(`${at}.rule`, rule, error.text));
    if (messageError !== undefined) errors.push(refused(`${at}.messageExpression`, rule, messageError.text));
    if (isTransition && uncorrelatable !== undefined) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
      errors.push(invalidValue(`${at}.rule`, rule.rule, detail));
    } else if (!isTransition && rule.optionalOldSelf !== undefined && error === undefined) {
      const detail = 'may not be set if oldSelf is not used in rule';
      errors.push(invalidValue(`${at}.optionalOldSelf`, rule.optionalOldSelf, detail));
    }
    return errors;
  });
}

/** The rule is shown as Go writes the struct that holds it. */
function refused(field: string, rule: ValidationRule, detail: string): FieldError {
  const struct = {
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${goJson(struct)}: ${detail}` };
}

/** Go's encoder escapes what could end a script element. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
