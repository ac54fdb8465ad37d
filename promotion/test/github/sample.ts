import description from './openapi.json' with { type: 'json' };

type Schema = { readonly [member: string]: unknown };

/** The smallest value that GitHub's description allows for an answer: what it holds besides what matters. */
export function sampleAnswer(method: string, path: string, status: number): unknown {
  return sample(answerSchema(method, path, status));
}

/** The same for an item of an answer that is a list. */
export function sampleItem(method: string, path: string, status: number): unknown {
  return sample(followed(answerSchema(method, path, status))['items'] as Schema);
}

/** The same for one of the description's own schemas, such as `simple-user`. */
export function sampleOf(name: string): unknown {
  return sample({ $ref: `#/components/schemas/${name}` });
}

function answerSchema(method: string, path: string, status: number): Schema {
  const item = (description.paths as unknown as Record<string, Record<string, Schema>>)[path]?.[method];
  const responses = item?.['responses'] as Record<string, Schema> | undefined;
  const content = responses?.[String(status)]?.['content'] as Record<string, { schema: Schema }> | undefined;
  return content?.['application/json']?.schema ?? {};
}

const STRINGS: Readonly<Record<string, string>> = {
  uri: 'https://github.test/',
  'date-time': '2026-11-23T12:00:00Z',
};

function sample(given: Schema): unknown {
  const schema = followed(given);
  const [first] = [schema['oneOf'], schema['anyOf']].flatMap((all) =>
    Array.isArray(all) ? (all as Schema[]) : [],
  );
  if (first !== undefined) return sample(first);
  if (Array.isArray(schema['allOf'])) return Object.assign({}, ...(schema['allOf'] as Schema[]).map(sample));
  if (schema['nullable'] === true) return null;
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (schema['type']) {
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'boolean':
      return false;
    case 'string':
      return STRINGS[String(schema['format'])] ?? '';
    default:
      return object(schema);
  }
}

function object(schema: Schema): unknown {
  const members = (schema['properties'] ?? {}) as Record<string, Schema>;
  const required = (schema['required'] ?? []) as string[];
  return Object.fromEntries(required.map((name) => [name, sample(members[name] ?? {})]));
}

function followed(schema: Schema): Schema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  const found = reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, name) => (at as Schema)[name], description);
  return followed(found as Schema);
}
