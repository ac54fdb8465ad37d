import { Ajv, type ValidateFunction } from 'ajv';
import description from './openapi.json' with { type: 'json' };

type Schema = Readonly<Record<string, unknown>>;
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}
type Content = Readonly<Record<string, { readonly schema?: Schema }>>;
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content } | { readonly $ref: string }>>;
}

/** One operation as GitHub describes it, matched by method and path. */
export interface Match {
  readonly operationId: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What is wrong with a request; empty when nothing is. */
  requestProblems(query: URLSearchParams, body: unknown): string[];
  /** What is wrong with an answer; a status that the description does not know is, too. */
  answerProblems(status: number, body: unknown): string[];
}

// GitHub's description has formats and members that JSON Schema does not: `nullable` ajv knows, others it may pass by.
const ajv = new Ajv({
  strict: false,
  allErrors: true,
  coerceTypes: false,
  logger: false,
  validateFormats: false,
});
ajv.addSchema(withNull(description) as Schema, 'github');

/** OpenAPI 3.0 allows `nullable` beside `allOf` and `oneOf`, and ajv beside `type` alone. */
function withNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNull);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNull(inner)]));
  if (members['nullable'] !== true || 'type' in members) return members;
  const { nullable: _, ...rest } = members;
  return { anyOf: [rest, { type: 'null' }] };
}

const compiled = new Map<string, ValidateFunction>();

function problems(where: string, pointer: string, value: unknown): string[] {
  const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `github#${pointer}` });
  compiled.set(pointer, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${where}${instancePath} ${message}`);
}

const routes = Object.entries(description.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    path,
    method,
    // `{ref}` may hold slashes.
    pattern: new RegExp(
      `^${path.replaceAll(/\{(\w+)\}/g, (_, name) => `(?<${name}>${name === 'ref' ? '.+' : '[^/]+'})`)}$`,
    ),
    operation: operation as unknown as Operation,
  })),
);

export function match(method: string, path: string): Match | undefined {
  for (const route of routes) {
    const found = route.method === method.toLowerCase() && route.pattern.exec(path);
    if (!found) continue;
    const parameters = Object.fromEntries(
      Object.entries(found.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]),
    );
    const pointer = `/paths/${escaped(route.path)}/${route.method}`;
    return {
      operationId: route.operation.operationId,
      parameters,
      requestProblems: (query, body) => [
        ...parameterProblems(route.operation, parameters, query),
        ...bodyProblems(route.operation, pointer, body),
      ],
      answerProblems: (status, body) => answerProblems(route.operation, pointer, status, body),
    };
  }
  return undefined;
}

function parameterProblems(
  operation: Operation,
  path: Readonly<Record<string, string>>,
  query: URLSearchParams,
): string[] {
  const known = (operation.parameters ?? []).map((one) =>
    '$ref' in one ? (resolve(one.$ref) as Parameter) : one,
  );
  const unknown = [...query.keys()].filter(
    (name) => !known.some((one) => one.in === 'query' && one.name === name),
  );
  const wrong = known.flatMap(({ name, in: place, required, schema }) => {
    const text =
      place === 'path' ? path[name] : place === 'query' ? (query.get(name) ?? undefined) : undefined;
    if (text === undefined) return required && place !== 'header' ? [`${place} ${name} is missing`] : [];
    const value = schema['type'] === 'integer' ? Number(text) : text;
    return ajv.validate({ ...schema }, value) ? [] : [`${place} ${name}: ${ajv.errorsText()}`];
  });
  return [...unknown.map((name) => `query ${name} is not known`), ...wrong];
}

function bodyProblems(operation: Operation, pointer: string, body: unknown): string[] {
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (schema === undefined) return body === undefined ? [] : ['a body is not expected'];
  if (body === undefined && operation.requestBody?.required !== true) return [];
  const known = Object.keys((schema['properties'] as Schema | undefined) ?? {});
  const given = typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body) : [];
  const unknown = known.length === 0 ? [] : given.filter((name) => !known.includes(name));
  return [
    ...unknown.map((name) => `body/${name} is not known`),
    ...problems('body', `${pointer}/requestBody/content/application~1json/schema`, body),
  ];
}

function answerProblems(operation: Operation, pointer: string, status: number, body: unknown): string[] {
  const answer = operation.responses[String(status)];
  if (answer === undefined) return [`${operation.operationId} is not described to answer ${status}`];
  const base = '$ref' in answer ? answer.$ref.slice(1) : `${pointer}/responses/${status}`;
  const described = '$ref' in answer ? (resolve(answer.$ref) as { content?: Content }) : answer;
  if (described.content?.['application/json'] === undefined) return [];
  return problems('answer', `${base}/content/application~1json/schema`, body);
}

function resolve(reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, name) => (at as Schema)[name], description);
}

function escaped(path: string): string {
  return encodeURI(path.replaceAll('~', '~0').replaceAll('/', '~1')).replaceAll('%7B', '%7B');
}
