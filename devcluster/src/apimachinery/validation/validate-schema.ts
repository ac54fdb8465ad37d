import {
  type FieldError,
  invalidValue,
  notSupported,
  requiredValue,
  tooLong,
  tooMany,
  typeInvalid,
} from '../field-error.ts';
import { isObject, own, sameJson } from '../json.ts';
import { compilePattern } from '../pattern.ts';
import { itemSchema, listType, type Schema } from '../schema.ts';
import { validateCombinations } from './combinations.ts';
import { checkFormat, isCheckedFormat } from './formats.ts';
import { keysOf } from './list-types.ts';

/** Where a value stands, and what stood there before (undefined when nothing did, or nothing that corresponds). */
export interface Place {
  readonly path: string;
  readonly old?: unknown;
}

/** Validates a value against its schema, rules and list types aside. */
export function validateSchema(schema: Schema, value: unknown, place: Place): FieldError[] {
  // An unchanged value stays, whatever its schema has become since.
  if (place.old !== undefined && sameJson(value, place.old)) return [];
  if (value === null)
    return [...validateType(schema, value, place.path), ...validateEnum(schema, value, place.path)];
  return [
    ...validateType(schema, value, place.path),
    ...validateCombinations(schema, value, place),
    ...(typeof value === 'string' ? validateString(schema, value, place.path) : []),
    ...(typeof value === 'number' ? validateNumber(schema, value, place.path) : []),
    ...(Array.isArray(value) ? validateList(schema, value, place) : []),
    ...validateEnum(schema, value, place.path),
    ...(isObject(value) ? validateObject(schema, value, place) : []),
  ];
}

/** The JSON type as messages name it; a whole number is an integer. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function validateType(schema: Schema, value: unknown, path: string): FieldError[] {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const wanted = intOrString ? 'integer,string' : schema.type;
  if (wanted === undefined || (value === null && schema.nullable === true)) return [];
  const actual = typeOf(value);
  if (wanted.split(',').includes(actual) || (wanted === 'number' && actual === 'integer')) return [];
  const detail = `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`;
  return [typeInvalid(path, actual, detail)];
}

function validateEnum(schema: Schema, value: unknown, path: string): FieldError[] {
  if (schema.enum === undefined || schema.enum.some((allowed) => sameJson(allowed, value))) return [];
  if (value === null && schema.nullable === true) return [];
  const names = schema.enum.map((allowed) =>
    typeof allowed === 'string' ? allowed : JSON.stringify(allowed),
  );
  return [notSupported(path, value, names)];
}

function validateString(schema: Schema, value: string, path: string): FieldError[] {
  const { format } = schema;
  const error = textError(schema, value, path);
  if (format === undefined || !isCheckedFormat(format) || checkFormat(format, value)) return error;
  const detail = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`;
  return [...error, typeInvalid(path, value, detail)];
}

/** The real server stops at the first of these. */
function textError(schema: Schema, value: string, path: string): FieldError[] {
  const length = [...value].length;
  const { minLength, maxLength, pattern } = schema;
  if (maxLength !== undefined && length > maxLength) return [tooLong(path, maxLength)];
  if (minLength !== undefined && length < minLength) {
    return [invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`)];
  }
  if (pattern !== undefined && !compilePattern(pattern).test(value)) {
    return [invalidValue(path, value, `${path} in body should match '${pattern}'`)];
  }
  return [];
}

const INT32 = 2 ** 31;

function validateNumber(schema: Schema, value: number, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const kind = wrongIntegerKind(schema, value);
  if (kind !== undefined)
    errors.push(invalidValue('<nil>', '', `Checked value must be of type ${kind} in ${path}`));
  const say = (wanted: string) =>
    errors.push(invalidValue(path, value, `${path} in body should be ${wanted}`));
  const { minimum, maximum, multipleOf, exclusiveMinimum = false, exclusiveMaximum = false } = schema;
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) say(`a multiple of ${multipleOf}`);
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    say(`less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    say(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  return errors;
}

function wrongIntegerKind(schema: Schema, value: number): string | undefined {
  if (schema.type !== 'integer') return undefined;
  if (!Number.isInteger(value)) return 'integer (default format)';
  if (schema.format === 'int32' && (value >= INT32 || value < -INT32)) return 'integer with format int32';
  return undefined;
}

function validateList(schema: Schema, list: unknown[], { path, old }: Place): FieldError[] {
  const { minItems, maxItems } = schema;
  const before = Array.isArray(old) ? old : [];
  const errors = list.flatMap((item, i) =>
    schema.items === undefined
      ? []
      : validateSchema(itemSchema(schema), item, {
          path: `${path}[${i}]`,
          old: formerItem(schema, item, before),
        }),
  );
  if (minItems !== undefined && list.length < minItems) {
    errors.push(invalidValue(path, list.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(path, list.length, maxItems));
  return errors;
}

/** Items of keyed lists correspond by key; items of other lists correspond to nothing. */
export function formerItem(schema: Schema, item: unknown, before: unknown): unknown {
  if (listType(schema) !== 'map' || !Array.isArray(before)) return undefined;
  const keys = keysOf(schema, item);
  return before.find((other) => sameJson(keysOf(schema, other), keys));
}

function validateObject(schema: Schema, object: Record<string, unknown>, { path, old }: Place): FieldError[] {
  const errors: FieldError[] = [];
  const count = Object.keys(object).length;
  const { minProperties, maxProperties } = schema;
  if (minProperties !== undefined && count < minProperties) {
    errors.push(
      invalidValue(path, count, `${path} in body should have at least ${minProperties} properties`),
    );
  }
  if (maxProperties !== undefined && count > maxProperties) errors.push(tooMany(path, count, maxProperties));
  const before = isObject(old) ? old : {};
  for (const [key, value] of Object.entries(object)) {
    const inner = { path: childPath(path, key), old: own(before, key) };
    const member = own(schema.properties, key);
    if (member !== undefined) errors.push(...validateSchema(member, value, inner));
    else if (typeof schema.additionalProperties === 'object') {
      errors.push(...validateSchema(schema.additionalProperties, value, inner));
    }
  }
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(object, key)) errors.push(requiredValue(childPath(path, key)));
  }
  return errors;
}

export function childPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
