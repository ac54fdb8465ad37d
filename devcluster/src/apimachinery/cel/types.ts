import type { Environment } from '@marcbachmann/cel-js';
import { isObject, own } from '../json.ts';
import type { Schema } from '../schema.ts';
import { fieldName } from './names.ts';

/** A schema as CEL sees it: the name of its type, and how its JSON values become values of that type. */
export interface CelType {
  readonly name: string;
  readonly convert: (value: unknown) => unknown;
}

const DYNAMIC: CelType = { name: 'dyn', convert: dynamicValue };

/** An integer is an int64, which JavaScript holds as a bigint; null reads as absent, as Kubernetes has it. */
function dynamicValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(dynamicValue);
  if (!isObject(value)) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, dynamicValue(item)]));
}

/**
 * Declares the types of a schema in an environment. Values are checked against them when a rule is compiled, so a
 * field that the schema does not have is an error of the CRD and not of each object.
 */
export class TypeDeclarations {
  readonly #environment: Environment;
  #count = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** @returns undefined for values that rules cannot see (their type is not known) */
  declare(schema: Schema): CelType | undefined {
    if (schema['x-kubernetes-int-or-string'] === true) return DYNAMIC;
    switch (schema.type) {
      case 'object':
        return this.#declareObject(schema);
      case 'array':
        return this.#declareList(schema);
      case 'string':
        return textType(schema.format);
      case 'boolean':
        return { name: 'bool', convert: (value) => value };
      case 'integer':
        return {
          name: 'int',
          convert: (value) => (typeof value === 'number' ? BigInt(Math.trunc(value)) : value),
        };
      case 'number':
        return { name: 'double', convert: (value) => value };
      default:
        return undefined;
    }
  }

  #declareList(schema: Schema): CelType | undefined {
    const item = schema.items === undefined ? undefined : this.declare(schema.items);
    if (item === undefined) return undefined;
    return {
      name: `list<${item.name}>`,
      convert: (value) => (Array.isArray(value) ? value.map(item.convert) : value),
    };
  }

  #declareObject(schema: Schema): CelType | undefined {
    if (typeof schema.additionalProperties === 'object') {
      const item = this.declare(schema.additionalProperties);
      if (item === undefined) return undefined;
      const convert = (value: unknown) =>
        isObject(value)
          ? new Map(Object.entries(value).map(([key, member]) => [key, item.convert(member)]))
          : value;
      return { name: `map<string, ${item.name}>`, convert };
    }
    return this.#declareStruct(schema);
  }

  #declareStruct(schema: Schema): CelType {
    const members: { key: string; field: string; type: CelType }[] = [];
    for (const [key, member] of Object.entries(withTypeMeta(schema))) {
      const field = fieldName(key);
      const type = field === undefined ? undefined : this.declare(member);
      if (field !== undefined && type !== undefined) members.push({ key, field, type });
    }
    const name = `Object${this.#count++}`;
    // The library tells types apart by constructor, so every schema has its own.
    const Struct = class extends Map<string, unknown> {};
    const fields = Object.fromEntries(members.map(({ field, type }) => [field, type.name]));
    this.#environment.registerType(name, { ctor: Struct, fields });
    this.#environment
      .registerOperator(`${name} == ${name}`, (a: StructValue, b: StructValue) => sameValue(a, b))
      // CEL lets messages, and nothing else, be compared with null.
      .registerOperator(`${name} == null`, (a: StructValue | null) => a === null);
    const convert = (value: unknown) => {
      if (!isObject(value)) return value;
      const present = members.filter(({ key }) => (own(value, key) ?? null) !== null);
      return new Struct(present.map(({ key, field, type }) => [field, type.convert(value[key])]));
    };
    return { name, convert };
  }
}

type StructValue = Map<string, unknown>;

function sameValue(a: unknown, b: unknown): boolean {
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && sameValue(value, b.get(key)));
  }
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return a === b;
}

/** Rules on an embedded resource see what it is called, whatever else its schema says. */
function withTypeMeta(schema: Schema): Readonly<Record<string, Schema>> {
  if (schema['x-kubernetes-embedded-resource'] !== true) return schema.properties ?? {};
  return { ...schema.properties, ...TYPE_META };
}

/** What rules may read of any resource. */
export const TYPE_META: Readonly<Record<string, Schema>> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } },
};

function textType(format: string | undefined): CelType {
  switch (format) {
    case 'date':
    case 'date-time':
      return { name: 'google.protobuf.Timestamp', convert: (value) => new Date(String(value)) };
    case 'byte':
      return {
        name: 'bytes',
        convert: (value) => Uint8Array.from(atob(String(value)), (char) => char.charCodeAt(0)),
      };
    default:
      return { name: 'string', convert: (value) => value };
  }
}
