import { createHash } from 'node:crypto';
import { modelOf } from '../models.ts';
import { apiVersionOf, type JsonObject } from '../object.ts';
import type { GroupVersion, Registry } from '../resources/registry.ts';
import type { Resource } from '../resources/resource.ts';
import { ModelNames } from './model-names.ts';
import { closure, modelSchema, publishedSchema } from './schemas.ts';

const REFERENCE = '#/components/schemas/';
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';

const PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation', 'force', 'pretty'].map((name) => ({
  name,
  in: 'query',
  schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
}));

function gvk({ group, version }: { group: string; version: string }, kind: string): JsonObject {
  return { group, kind, version };
}

/** Operations that say which kind and which parameters there are; kubectl looks for fieldValidation in them. */
function pathsOf(resources: Resource[]): JsonObject {
  return Object.fromEntries(
    resources.map((resource) => {
      const { group, version, plural, namespaced, kind } = resource;
      const root = group === '' ? '/api' : `/apis/${group}`;
      const path = `${root}/${version}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`;
      const operation = (action: string): JsonObject => ({
        operationId: `${action}${group}${version}${kind}`,
        parameters: PARAMETERS,
        responses: { '200': { description: 'OK' } },
        'x-kubernetes-action': action,
        'x-kubernetes-group-version-kind': gvk(resource, kind),
      });
      return [
        path,
        {
          get: operation('get'),
          put: operation('put'),
          patch: operation('patch'),
          delete: operation('delete'),
        },
      ];
    }),
  );
}

function listSchema(item: string): JsonObject {
  return {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      items: { type: 'array', items: { $ref: `${REFERENCE}${item}` } },
      metadata: { $ref: `${REFERENCE}${LIST_META}` },
    },
  };
}

/** `com.example.v1.Widget` for the Widget of `example.com/v1`. */
function customName({ group, version }: Resource, kind: string): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** OpenAPI v3 documents, one per group version, made again when what is served changes. */
export class OpenApi {
  readonly #registry: Registry;
  readonly #names = new ModelNames();
  #texts = new Map<string, { text: string; hash: string }>();
  #generation = -1;

  constructor(registry: Registry) {
    this.#registry = registry;
    for (const model of ['V1ObjectMeta', 'V1ListMeta', 'V1LabelSelector']) this.#names.add('', model);
    const builtin = registry.all().filter((resource) => resource.custom === undefined);
    // Kinds first: a kind never takes the group of another one that merely mentions it.
    for (const resource of [...builtin].sort((a, b) => a.group.localeCompare(b.group))) {
      const model = modelOf(resource);
      if (model !== undefined) this.#names.add(resource.group, model);
    }
  }

  /** `/openapi/v3` */
  index(): JsonObject {
    const paths = this.#registry.groupVersions().map((entry) => {
      const path = pathOf(entry);
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${this.#document(entry).hash}` }];
    });
    return { paths: Object.fromEntries(paths) };
  }

  /** `/openapi/v3/apis/apps/v1`; undefined when there is no such group version. */
  text(path: string): string | undefined {
    const entry = this.#registry.groupVersions().find((candidate) => pathOf(candidate) === path);
    return entry === undefined ? undefined : this.#document(entry).text;
  }

  #document(entry: GroupVersion): { text: string; hash: string } {
    if (this.#generation !== this.#registry.generation) {
      this.#texts = new Map();
      this.#generation = this.#registry.generation;
    }
    const path = pathOf(entry);
    let known = this.#texts.get(path);
    if (known === undefined) {
      const text = JSON.stringify(this.#build(entry));
      known = { text, hash: createHash('sha512').update(text).digest('hex').toUpperCase() };
      this.#texts.set(path, known);
    }
    return known;
  }

  #build(entry: GroupVersion): JsonObject {
    const schemas: JsonObject = {};
    for (const model of ['V1ObjectMeta', 'V1ListMeta']) this.#addModel(schemas, model);
    for (const resource of entry.resources) {
      if (resource.custom !== undefined) this.#addCustom(schemas, resource);
      else this.#addBuiltin(schemas, resource);
    }
    return {
      openapi: '3.0.0',
      info: { title: 'Kubernetes', version: 'v1.36.2' },
      paths: pathsOf(entry.resources),
      components: { schemas },
    };
  }

  #addModel(schemas: JsonObject, model: string): void {
    for (const inner of closure(model)) {
      const name = this.#names.of(inner);
      if (name !== undefined) schemas[name] ??= modelSchema(inner, this.#names);
    }
  }

  #addBuiltin(schemas: JsonObject, resource: Resource): void {
    const model = modelOf(resource);
    const name = model === undefined ? undefined : this.#names.of(model);
    if (model === undefined || name === undefined) return;
    this.#addModel(schemas, model);
    schemas[name] = {
      ...(schemas[name] as JsonObject),
      'x-kubernetes-group-version-kind': [gvk(resource, resource.kind)],
    };
    schemas[`${name}List`] = {
      ...listSchema(name),
      'x-kubernetes-group-version-kind': [gvk(resource, resource.listKind)],
    };
  }

  #addCustom(schemas: JsonObject, resource: Resource): void {
    const name = customName(resource, resource.kind);
    const schema = publishedSchema(resource.schema ?? { type: 'object' });
    schemas[name] = {
      ...schema,
      properties: {
        ...(schema['properties'] as JsonObject | undefined),
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { allOf: [{ $ref: `${REFERENCE}${OBJECT_META}` }] },
      },
      'x-kubernetes-group-version-kind': [gvk(resource, resource.kind)],
    };
    schemas[customName(resource, resource.listKind)] = {
      ...listSchema(name),
      'x-kubernetes-group-version-kind': [gvk(resource, resource.listKind)],
    };
  }
}

function pathOf({ group, version }: GroupVersion): string {
  return group === '' ? `api/${version}` : `apis/${apiVersionOf(group, version)}`;
}
