import { ATOMIC_MODELS, FIELD_TRAITS, QUANTITY_FIELDS } from '../../apimachinery/builtin-traits.ts';
import type { Schema } from '../../apimachinery/schema.ts';
import { type Attribute, attributesOf, innerType, itemType, valueType } from '../models.ts';
import type { JsonObject } from '../object.ts';
import type { ModelNames } from './model-names.ts';

const REFERENCE = '#/components/schemas/';

function scalar({ type, format }: Attribute): JsonObject {
  switch (type) {
    case 'Date':
    case 'V1MicroTime':
      return { type: 'string', format: 'date-time' };
    case 'number':
      return { type: format === 'double' ? 'number' : 'integer', ...(format === '' ? {} : { format }) };
    case 'IntOrString':
      return { type: 'string', format: 'int-or-string' };
    case 'string':
    case 'boolean':
      return { type, ...(format === '' ? {} : { format }) };
    default:
      return {};
  }
}

function typeSchema(attribute: Attribute, names: ModelNames): JsonObject {
  const { type } = attribute;
  const items = itemType(type);
  if (items !== undefined) return { type: 'array', items: typeSchema({ ...attribute, type: items }, names) };
  const values = valueType(type);
  if (values !== undefined) {
    return { type: 'object', additionalProperties: typeSchema({ ...attribute, type: values }, names) };
  }
  const name = names.of(type);
  return name === undefined ? scalar(attribute) : { $ref: `${REFERENCE}${name}` };
}

function propertySchema(model: string, attribute: Attribute, names: ModelNames): JsonObject {
  const field = `${model}.${attribute.baseName}`;
  const own = typeSchema(attribute, names);
  const { default: _default, ...traits } = FIELD_TRAITS[field] ?? {};
  if (QUANTITY_FIELDS.has(field) && own['type'] === 'string') return { ...own, ...traits };
  // A reference stands alone; what is said beside it goes into allOf.
  return own['$ref'] !== undefined && Object.keys(traits).length > 0
    ? { allOf: [own], ...traits }
    : { ...own, ...traits };
}

/** The schema of one model, other models by reference. */
export function modelSchema(model: string, names: ModelNames): JsonObject {
  const attributes = attributesOf(model) ?? [];
  return {
    type: 'object',
    properties: Object.fromEntries(attributes.map((a) => [a.baseName, propertySchema(model, a, names)])),
    ...(ATOMIC_MODELS.has(model) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

/** A model and everything that it refers to. */
export function closure(model: string, found = new Set<string>()): Set<string> {
  if (found.has(model) || attributesOf(model) === undefined) return found;
  found.add(model);
  for (const { type } of attributesOf(model) ?? []) closure(innerType(type), found);
  return found;
}

/** A CRD's schema as OpenAPI publishes it: integers or strings are spelled out. */
export function publishedSchema(schema: Schema): JsonObject {
  const { properties, items, additionalProperties, ...rest } = schema;
  const intOrString = schema['x-kubernetes-int-or-string'] === true && schema.anyOf === undefined;
  return {
    ...rest,
    ...(intOrString ? { anyOf: [{ type: 'integer' }, { type: 'string' }] } : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, inner]) => [key, publishedSchema(inner)]),
          ),
        }),
    ...(items === undefined ? {} : { items: publishedSchema(items) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'boolean'
              ? additionalProperties
              : publishedSchema(additionalProperties),
        }),
  };
}
