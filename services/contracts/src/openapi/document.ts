import { z } from 'zod';
import type { Permission } from '../access.ts';
import { PROBLEM_STATUS, Problem, type ProblemCode } from '../problems.ts';

/** Any JSON value: what a document is made of. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** One route of a service, next to the schemas that it uses. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** Undefined: no token is needed. */
  readonly permission?: Permission;
  readonly parameters?: readonly Parameter[];
  /** Name of a schema, and an example of it. */
  readonly body?: {
    readonly schema: string;
    readonly example: Json;
    /** Default `application/json`. */
    readonly mediaType?: string;
  };
  readonly answers: readonly Answer[];
  /** Problems particular to this route, beside those that every route can have. */
  readonly problems?: readonly ProblemCode[];
}

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
  readonly schema: z.ZodType;
}

export interface Answer {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  readonly schema?: string;
  readonly example?: Json;
  /** Default `application/json`. */
  readonly mediaType?: string;
}

export interface Api {
  readonly title: string;
  readonly description: string;
  /** Every named schema. */
  readonly schemas: Readonly<Record<string, z.ZodType>>;
  readonly operations: readonly Operation[];
}

/** What any authenticated route may answer. */
const COMMON: readonly ProblemCode[] = [
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal_error',
  'overloaded',
];
const OF_A_BODY: readonly ProblemCode[] = [
  'malformed_json',
  'invalid_request',
  'request_timeout',
  'body_too_large',
  'unsupported_media_type',
];

/** An OpenAPI 3.1 document. The same input gives the same bytes. */
export function openApiDocument(api: Api): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of api.operations) {
    const methods = paths[operation.path] ?? {};
    methods[operation.method] = operationObject(operation);
    paths[operation.path] = methods;
  }
  return {
    openapi: '3.1.1',
    info: {
      title: api.title,
      version: 'v1',
      description: api.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The service that serves this document.' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'A JWT of an issuer that the PaymentVault trusts, or a Kubernetes service-account token with the audience `cofferdam`. Access rules say what its subject may do, and for which merchants.',
        },
      },
      schemas: schemaObjects({ ...api.schemas, Problem }),
    },
  };
}

function operationObject(operation: Operation): Json {
  const { permission, body, parameters = [] } = operation;
  const note = permission === undefined ? 'No token is needed.' : `Permission: \`${permission}\`.`;
  return {
    operationId: operation.operationId,
    summary: operation.summary,
    description: [operation.description, note].filter((part) => part !== undefined).join('\n\n'),
    ...(permission === undefined ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterObject) }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: jsonContent(body.schema, body.example, body.mediaType) } }),
    responses: responses(operation),
  };
}

function parameterObject(parameter: Parameter): Json {
  const { schema, ...rest } = parameter;
  return { ...rest, schema: withoutDialect(z.toJSONSchema(schema, { io: 'input' })) };
}

function responses(operation: Operation): Json {
  const result: Record<string, Json> = {};
  for (const { status, description, schema, example, mediaType } of operation.answers) {
    result[status] = {
      description,
      ...(schema === undefined ? {} : { content: jsonContent(schema, example, mediaType) }),
    };
  }
  const codes = [
    ...(operation.problems ?? []),
    ...(operation.permission === undefined ? [] : COMMON),
    ...(operation.body === undefined ? [] : OF_A_BODY),
  ];
  const statuses = [...new Set(codes.map((code) => PROBLEM_STATUS[code]))].sort((a, b) => a - b);
  for (const status of statuses) {
    result[status] = problemResponse(
      [...new Set(codes)].filter((code) => PROBLEM_STATUS[code] === status).sort(),
    );
  }
  return result;
}

function problemResponse(codes: readonly ProblemCode[]): Json {
  const examples = Object.fromEntries(
    codes.map((code): [string, Json] => [
      code,
      {
        value: {
          type: `urn:cofferdam:problem:${code}`,
          title: code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' '),
          status: PROBLEM_STATUS[code],
          code,
          requestId: 'req_01k0000000000000000000000a',
        },
      },
    ]),
  );
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: {
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, examples },
    },
  };
}

function jsonContent(schema: string, example: Json | undefined, mediaType = 'application/json'): Json {
  return {
    [mediaType]: {
      schema: { $ref: `#/components/schemas/${schema}` },
      ...(example === undefined ? {} : { example }),
    },
  };
}

/** JSON Schema 2020-12, which is what OpenAPI 3.1 uses, with references between the named ones. */
function schemaObjects(schemas: Readonly<Record<string, z.ZodType>>): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const generated = z.toJSONSchema(registry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    Object.keys(schemas)
      .sort()
      .map((id): [string, Json] => [id, withoutDialect(generated.schemas[id])]),
  );
}

/** The document states the dialect once; `$id` would move the base of every reference below it. */
function withoutDialect(schema: unknown): Json {
  const { $schema: _schema, $id: _id, ...rest } = schema as Record<string, Json>;
  return rest;
}
