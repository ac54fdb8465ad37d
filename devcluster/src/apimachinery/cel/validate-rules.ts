import { duplicateValue, type FieldError, forbidden, requiredValue } from '../field-error.ts';
import { isObject, own, sameJson } from '../json.ts';
import type { Schema } from '../schema.ts';
import { childPath, formerItem, type Place } from '../validation/validate-schema.ts';
import { type CompiledRule, compileRules } from './compile.ts';
import { TYPE_META } from './types.ts';

const compiled = new WeakMap<Schema, readonly CompiledRule[]>();
const withRules = new WeakMap<Schema, boolean>();

/** Whether the schema, or any schema in it, has rules. */
export function hasRules(schema: Schema): boolean {
  const known = withRules.get(schema);
  if (known !== undefined) return known;
  const found = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || innerSchemas(schema).some(hasRules);
  withRules.set(schema, found);
  return found;
}

function innerSchemas(schema: Schema): Schema[] {
  return [
    ...Object.values(schema.properties ?? {}),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
}

const roots = new WeakMap<Schema, Schema>();

/** Rules at the root may read the name and kind of the resource, which its schema need not declare. */
function rootSchema(schema: Schema): Schema {
  const known = roots.get(schema);
  if (known !== undefined) return known;
  const root = { ...schema, properties: { ...schema.properties, ...TYPE_META } };
  roots.set(schema, root);
  return root;
}

/**
 * Evaluates the rules of a schema and of all schemas in it.
 *
 * @param old the value before the write; undefined on create. Rules without `oldSelf` pass on what did not change.
 */
export function validateRules(schema: Schema, value: unknown, old: unknown): FieldError[] {
  return walk(rootSchema(schema), value, { path: '', old });
}

function walk(schema: Schema, value: unknown, place: Place): FieldError[] {
  if (value === null || value === undefined || !hasRules(schema)) return [];
  const errors = rulesOf(schema).flatMap((rule) => evaluate(rule, value, place));
  const { path, old } = place;
  if (Array.isArray(value) && schema.items !== undefined) {
    for (const [i, item] of value.entries()) {
      errors.push(...walk(schema.items, item, { path: `${path}[${i}]`, old: formerItem(schema, item, old) }));
    }
  }
  if (!isObject(value)) return errors;
  for (const [key, item] of Object.entries(value)) {
    const extra = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const member = own(schema.properties, key) ?? extra;
    const before = isObject(old) ? own(old, key) : undefined;
    if (member !== undefined) errors.push(...walk(member, item, { path: childPath(path, key), old: before }));
  }
  return errors;
}

function rulesOf(schema: Schema): readonly CompiledRule[] {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const rules = compileRules(schema);
  compiled.set(schema, rules);
  return rules;
}

function evaluate(compiledRule: CompiledRule, value: unknown, { path, old }: Place): FieldError[] {
  const { rule, isTransition, error } = compiledRule;
  if (error !== undefined)
    return [refusal(compiledRule, value, { path, detail: `rule compile error: ${error.text}` })];
  if (isTransition && old === undefined && rule.optionalOldSelf !== true) return [];
  if (!isTransition && old !== undefined && sameJson(value, old)) return [];
  const named = rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
  try {
    if (compiledRule.holds(value, old)) return [];
  } catch (failure) {
    const cause =
      failure instanceof Error ? ('summary' in failure ? String(failure.summary) : failure.message) : 'error';
    const text = cause.replace(/^No such key/, 'no such key');
    return [
      refusal(compiledRule, value, {
        path,
        detail: `${text} evaluating rule: ${rule.message?.trim() || rule.rule.trim()}`,
      }),
    ];
  }
  const detail = compiledRule.message(value, old) ?? named;
  return [refusal(compiledRule, value, { path: `${path}${fieldPathText(rule.fieldPath)}`, detail })];
}

/** `.a['b'].c` as a field path: `.a[b].c`. */
function fieldPathText(fieldPath: string | undefined): string {
  return (fieldPath ?? '').replace(/\['([^']*)'\]/g, '[$1]');
}

interface Refusal {
  readonly path: string;
  readonly detail: string;
}

function refusal({ rule }: CompiledRule, value: unknown, { path, detail }: Refusal): FieldError {
  const field = path.replace(/^\./, '') || '<nil>';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbidden(field, detail);
    case 'FieldValueRequired':
      return requiredValue(field, detail);
    case 'FieldValueDuplicate':
      return duplicateValue(field, value);
    default: {
      // Kubernetes shows scalars, and leaves objects and lists out.
      const shown = typeof value === 'object' ? '' : `${JSON.stringify(value)}: `;
      return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}${detail}` };
    }
  }
}
