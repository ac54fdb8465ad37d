import { own } from './json.ts';

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

/** One rule of `x-kubernetes-validations`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  /** FieldValueInvalid (the default), FieldValueForbidden, FieldValueRequired or FieldValueDuplicate. */
  readonly reason?: string;
  /** A JSON path below the value, such as `.b` or `['b']`. */
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/**
 * A structural OpenAPI v3 schema, as it stands in a CustomResourceDefinition (`openAPIV3Schema`), with Kubernetes'
 * extensions. Built-in kinds have one too (see `builtin-schema.ts`), with the strategic merge annotations of the Go
 * types.
 */
export interface Schema {
  readonly type?: SchemaType;
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
  /** Comma-separated, of built-in kinds only: `merge`, `replace`, `retainKeys`. */
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  /**
   * Of built-in kinds: members that the Go encoder writes even when they are empty (a struct, or a null list or
   * pointer). Field ownership depends on it: a member that "was there before" is not added by the first write.
   */
  readonly alwaysPresent?: Readonly<Record<string, 'struct' | 'nil'>>;
}

/** Any value: what a schema says of members below `x-kubernetes-preserve-unknown-fields`. */
export const ANYTHING: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

/** The schema of a member of an object, or undefined when the schema does not declare it. */
export function memberSchema(schema: Schema, key: string): Schema | undefined {
  const declared = own(schema.properties, key);
  if (declared !== undefined) return declared;
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  if (schema.additionalProperties === true || isOpen(schema)) return ANYTHING;
  return undefined;
}

/** Whether an object of this schema may have members that it does not declare. */
export function isOpen(schema: Schema): boolean {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return true;
  return schema.properties === undefined && schema.additionalProperties === undefined;
}

export function itemSchema(schema: Schema): Schema {
  return schema.items ?? ANYTHING;
}

/** How the items of a list are told apart: lists are replaced whole unless their schema says otherwise. */
export function listType(schema: Schema): 'atomic' | 'set' | 'map' {
  return schema['x-kubernetes-list-type'] ?? 'atomic';
}

export function isAtomicMap(schema: Schema): boolean {
  return schema['x-kubernetes-map-type'] === 'atomic';
}

/** Patch strategies of a member: `merge`, `retainKeys`. */
export function patchStrategies(schema: Schema | undefined): readonly string[] {
  return schema?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
}
