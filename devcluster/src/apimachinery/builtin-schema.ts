import * as models from '@kubernetes/client-node/dist/gen/models/all.js';
import { ALWAYS_PRESENT, ATOMIC_MODELS, FIELD_TRAITS, QUANTITY_FIELDS } from './builtin-traits.ts';
import { own } from './json.ts';
import { ANYTHING, type Schema } from './schema.ts';

/** One line of a generated model's `attributeTypeMap`. */
interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

const cache = new Map<string, Schema>();

/**
 * The schema of a built-in kind: its fields and their types from the generated models of `@kubernetes/client-node`,
 * how its lists and maps merge from `builtin-traits.ts`. It is for field ownership, pruning and patches; what values
 * a built-in kind accepts is for its own validation to say.
 *
 * @param apiVersion such as `v1` or `apps/v1`
 * @returns undefined for kinds that Kubernetes' API does not have
 */
export function builtinSchema(apiVersion: string, kind: string): Schema | undefined {
  const name = modelName(apiVersion, kind);
  return name === undefined ? undefined : modelSchema(name);
}

/** The schema of `metadata`, the same for every kind. */
function objectMetaSchema(): Schema {
  return modelSchema('V1ObjectMeta') ?? ANYTHING;
}

/**
 * The schema of a custom resource with what every resource has: apiVersion, kind and metadata. Field ownership and
 * strict field validation need it; a CRD's own schema says nothing of them.
 */
export function customResourceSchema(schema: Schema): Schema {
  const text: Schema = { type: 'string' };
  return {
    ...schema,
    properties: { ...schema.properties, apiVersion: text, kind: text, metadata: objectMetaSchema() },
  };
}

/** A few kinds exist in two groups; their models carry the group in front. */
function modelName(apiVersion: string, kind: string): string | undefined {
  const slash = apiVersion.lastIndexOf('/');
  const version = apiVersion.slice(slash + 1);
  const prefix = version.charAt(0).toUpperCase() + version.slice(1);
  const group = slash < 0 ? 'core' : (apiVersion.slice(0, slash).split('.')[0] ?? '');
  const groupPrefix = group.charAt(0).toUpperCase() + group.slice(1);
  return [`${prefix}${kind}`, `${groupPrefix}${prefix}${kind}`].find(
    (name) => attributesOf(name) !== undefined,
  );
}

function attributesOf(name: string): readonly Attribute[] | undefined {
  const model: unknown = own(models as Record<string, unknown>, name);
  if (typeof model !== 'function' || !('attributeTypeMap' in model)) return undefined;
  return model.attributeTypeMap as readonly Attribute[];
}

function modelSchema(name: string): Schema | undefined {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const attributes = attributesOf(name);
  if (attributes === undefined) return undefined;
  const schema = buildModel(name, attributes);
  cache.set(name, schema);
  return schema;
}

function buildModel(name: string, attributes: readonly Attribute[]): Schema {
  const schema = {
    type: 'object' as const,
    ...(ATOMIC_MODELS.has(name) && { 'x-kubernetes-map-type': 'atomic' as const }),
    ...(own(ALWAYS_PRESENT, name) && { alwaysPresent: own(ALWAYS_PRESENT, name) ?? {} }),
  };
  // Built when first looked at: a Deployment's schema is large, and JSONSchemaProps contains itself.
  let properties: Record<string, Schema> | undefined;
  return Object.defineProperty(schema, 'properties', {
    enumerable: true,
    get: () => {
      properties ??= Object.fromEntries(attributes.map((a) => [a.baseName, attributeSchema(name, a)]));
      return properties;
    },
  });
}

function attributeSchema(model: string, attribute: Attribute): Schema {
  const field = `${model}.${attribute.baseName}`;
  if (QUANTITY_FIELDS.has(field)) return quantitySchema(attribute.type);
  const schema = typeSchema(attribute.type, attribute.format);
  const traits = own(FIELD_TRAITS, field);
  return traits === undefined ? schema : withTraits(schema, traits);
}

/** A copy with the traits, which leaves the lazily built properties unbuilt. */
function withTraits(schema: Schema, traits: Partial<Schema>): Schema {
  const members = {
    ...Object.getOwnPropertyDescriptors(schema),
    ...Object.getOwnPropertyDescriptors(traits),
  };
  return Object.defineProperties({}, members);
}

function typeSchema(type: string, format: string): Schema {
  const list = /^Array<(.+)>$/.exec(type);
  if (list?.[1] !== undefined) return { type: 'array', items: typeSchema(list[1], format) };
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map?.[1] !== undefined) return { type: 'object', additionalProperties: typeSchema(map[1], format) };
  switch (type) {
    case 'string':
    case 'Date':
    case 'V1MicroTime':
      return { type: 'string', ...(format !== '' && { format }) };
    case 'number':
      return { type: format === 'double' ? 'number' : 'integer', ...(format !== '' && { format }) };
    case 'boolean':
      return { type: 'boolean' };
    case 'IntOrString':
      return { 'x-kubernetes-int-or-string': true };
    default:
      return modelSchema(type) ?? ANYTHING;
  }
}

/** Quantities are strings that may be written as numbers. */
function quantitySchema(type: string): Schema {
  const quantity: Schema = { 'x-kubernetes-int-or-string': true };
  return type.startsWith('{') ? { type: 'object', additionalProperties: quantity } : quantity;
}
