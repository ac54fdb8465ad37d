import { z } from 'zod';

/** An OpenAPI v3 schema as a CustomResourceDefinition holds it. */
export interface StructuralSchema {
  [keyword: string]: unknown;
  type?: string;
  description?: string;
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  required?: string[];
}

/** What a reader wants to see first; the rest follows in the alphabet's order. */
const KEYWORD_ORDER = ['description', 'type', 'format', 'required', 'properties', 'items'];

/**
 * Turns a Zod schema into a structural one. What Zod writes is valid OpenAPI and still refused by the API server:
 * `additionalProperties: false` beside `properties` (unknown members are pruned or refused anyway) and
 * `propertyNames`.
 * @throws when the Zod schema uses what a structural schema has no word for (a union, a transform)
 */
export function toStructuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' }), '');
}

/** A copy without CEL rules: a status is written by us, and transition rules meant for a spec would lock it. */
export function withoutRules(schema: StructuralSchema): StructuralSchema {
  return mapSubschemas(omit(schema, 'x-kubernetes-validations'), withoutRules);
}

function structural(schema: unknown, path: string): StructuralSchema {
  if (!isSchema(schema)) throw new TypeError(`${path}: not a schema: ${JSON.stringify(schema)}`);
  for (const word of ['anyOf', 'oneOf', 'allOf', 'not', '$ref']) {
    if (word in schema)
      throw new TypeError(`${path}: ${word} is not structural; use optional members and CEL`);
  }
  const open = isSchema(schema.additionalProperties);
  const kept = omit(schema, 'propertyNames', ...(open ? [] : ['additionalProperties']));
  const typed = TYPED[schema.type ?? '']?.(kept) ?? kept;
  return ordered(mapSubschemas(typed, (child, name) => structural(child, `${path}.${name}`)));
}

const TYPED: Readonly<Record<string, (schema: StructuralSchema) => StructuralSchema>> = {
  integer,
  string: text,
  array: list,
};

/** Zod bounds every integer by what a double can hold; that is no bound worth showing. */
function integer(schema: StructuralSchema): StructuralSchema {
  const { minimum, maximum } = schema;
  const small = typeof maximum === 'number' && maximum < 2 ** 31;
  const unbounded = [
    ...(minimum === Number.MIN_SAFE_INTEGER ? ['minimum'] : []),
    ...(maximum === Number.MAX_SAFE_INTEGER ? ['maximum'] : []),
  ];
  return { ...omit(schema, ...unbounded), format: small ? 'int32' : 'int64' };
}

/** A slash is no special character in Go's expressions, and a reader of the error message need not see it escaped. */
function text(schema: StructuralSchema): StructuralSchema {
  const { pattern } = schema;
  return typeof pattern === 'string' ? { ...schema, pattern: pattern.replaceAll('\\/', '/') } : schema;
}

/** Said aloud, because who owns which item under server-side apply depends on it. */
function list(schema: StructuralSchema): StructuralSchema {
  return { 'x-kubernetes-list-type': 'atomic', ...schema };
}

function mapSubschemas(
  schema: StructuralSchema,
  change: (child: StructuralSchema, name: string) => StructuralSchema,
): StructuralSchema {
  const { properties, additionalProperties, items } = schema;
  const changed: StructuralSchema = { ...schema };
  if (properties !== undefined) {
    const entries = Object.entries(properties).map(([name, child]) => [name, change(child, name)]);
    changed.properties = Object.fromEntries(entries);
  }
  if (additionalProperties !== undefined)
    changed.additionalProperties = change(additionalProperties, '{key}');
  if (items !== undefined) changed.items = change(items, '[]');
  return changed;
}

function ordered(schema: StructuralSchema): StructuralSchema {
  const first = KEYWORD_ORDER.filter((word) => word in schema);
  const rest = Object.keys(schema)
    .filter((word) => !KEYWORD_ORDER.includes(word))
    .sort();
  return Object.fromEntries([...first, ...rest].map((word) => [word, schema[word]]));
}

function omit(schema: StructuralSchema, ...words: readonly string[]): StructuralSchema {
  return Object.fromEntries(Object.entries(schema).filter(([word]) => !words.includes(word)));
}

function isSchema(value: unknown): value is StructuralSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
