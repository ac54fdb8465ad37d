import { isObject } from '../json.ts';
import { itemSchema, listType, memberSchema, type Schema } from '../schema.ts';
import { elementText, itemElement, ListItemError, memberElement, type PathElement } from './path-element.ts';

/** An object that does not fit its schema so far that its fields cannot be owned. */
export class TypedValueError extends Error {
  override readonly name = 'TypedValueError';
}

/**
 * Checks that an applied configuration can be merged: kinds of values, keys of list items, and that nothing is
 * there that the schema does not declare. It says nothing of whether the values are allowed.
 *
 * @throws TypedValueError with the real server's text
 */
export function checkTyped(schema: Schema, value: unknown): void {
  const errors = errorsOf(schema, value);
  if (errors.length === 0) return;
  throw new TypedValueError(
    errors.length === 1 ? `${errors[0]}` : ['errors:', ...errors.map((e) => `  ${e}`)].join('\n'),
  );
}

/** Each error begins with its path, or with the message alone at the root. */
function errorsOf(schema: Schema, value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (schema.type === 'object' && !isObject(value)) return [`expected map, got ${goValue(value)}`];
  if (schema.type === 'array' && !Array.isArray(value)) return [`expected list, got ${goValue(value)}`];
  if (isObject(value) && isScalarType(schema)) return [scalarMismatch(schema, value)];
  if (Array.isArray(value) && isScalarType(schema)) return [scalarMismatch(schema, value)];
  if (isObject(value)) return membersErrors(schema, value);
  if (Array.isArray(value)) return itemsErrors(schema, value);
  return scalarFits(schema, value) ? [] : [scalarMismatch(schema, value)];
}

function membersErrors(schema: Schema, object: Record<string, unknown>): string[] {
  const errors: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    const member = memberSchema(schema, key);
    if (member === undefined) {
      // The real server stops at the first undeclared field of a map.
      errors.push(...prefixed(memberElement(key), ['field not declared in schema']));
      break;
    }
    errors.push(...prefixed(memberElement(key), errorsOf(member, value)));
  }
  return errors;
}

function itemsErrors(schema: Schema, list: unknown[]): string[] {
  const errors: string[] = [];
  const seen = new Set<PathElement>();
  for (const [i, item] of list.entries()) {
    let element = `i:${i}`;
    if (listType(schema) !== 'atomic') {
      try {
        element = itemElement(schema, item);
      } catch (error) {
        if (!(error instanceof ListItemError)) throw error;
        return [...errors, `element ${i}: ${error.message}`];
      }
      if (seen.has(element)) errors.push(`duplicate entries for key ${elementText(element)}`);
      seen.add(element);
    }
    errors.push(...prefixed(element, errorsOf(itemSchema(schema), item)));
  }
  return errors;
}

function prefixed(element: PathElement, errors: string[]): string[] {
  const text = elementText(element);
  return errors.map((error) => (/^[.[]/.test(error) ? `${text}${error}` : `${text}: ${error}`));
}

function isScalarType(schema: Schema): boolean {
  return (
    schema['x-kubernetes-int-or-string'] === true ||
    (schema.type !== undefined && !/object|array/.test(schema.type))
  );
}

function scalarFits(schema: Schema, value: unknown): boolean {
  switch (schema['x-kubernetes-int-or-string'] === true ? undefined : schema.type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
    case 'number':
      return typeof value === 'number';
    default:
      return true;
  }
}

function scalarMismatch(schema: Schema, value: unknown): string {
  if (schema['x-kubernetes-int-or-string'] === true) return `expected any scalar, got ${goValue(value)}`;
  const wanted =
    schema.type === 'integer' || schema.type === 'number' ? 'numeric (int or float)' : schema.type;
  return `expected ${wanted}, got ${goValue(value)}`;
}

/** The value as Go prints it, near enough: the kind of thing and what is in it. */
function goValue(value: unknown): string {
  if (isObject(value)) {
    return `map[${Object.entries(value)
      .map(([key, item]) => `${key}:${goValue(item)}`)
      .join(' ')}]`;
  }
  return Array.isArray(value) ? `[${value.map(goValue).join(' ')}]` : `${value}`;
}
