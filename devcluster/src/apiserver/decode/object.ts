import { asGoWrites } from '../../apimachinery/fields/zero-value.ts';
import { unknownFieldText } from '../../apimachinery/prune.ts';
import type { Call } from '../call.ts';
import { badRequest, type FieldError, invalid } from '../errors.ts';
import type { WriteOptions } from '../handlers/write-options.ts';
import {
  apiVersionOf,
  isObject,
  type JsonObject,
  type KubeObject,
  splitApiVersion,
  stringAt,
} from '../object.ts';
import type { Registry } from '../resources/registry.ts';
import type { Resource } from '../resources/resource.ts';
import { excerpt, isJsonBody, parseBody } from './body.ts';
import { metadataMismatch, typeMismatch } from './go-types.ts';
import { goJsonType } from './json-text.ts';
import { checkFields } from './strict.ts';
import { withoutZeroes } from './zeroes.ts';

/** "X in version "v1" cannot be handled as a Y: ..." */
function cannotHandle(kind: string, resource: Resource, detail: string): ReturnType<typeof badRequest> {
  const { version } = resource;
  return badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: ${detail}`,
  );
}

const SCHEME = 'in scheme "pkg/api/legacyscheme/scheme.go:30"';

/** Custom resources are read before their kind is checked, hence the other words. */
function otherCustomType(
  call: Call,
  parsed: JsonObject,
  resource: Resource,
  { apiVersion, kind, wanted }: { apiVersion: string; kind: string; wanted: string },
): Error {
  if (apiVersion !== wanted) {
    // Nothing is known of that version, so every field is unknown.
    const fields = Object.keys(parsed).filter((key) => !['apiVersion', 'kind', 'metadata'].includes(key));
    call.warnings.push(...fields.map(unknownFieldText));
    return badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  const message = `Invalid value: ${JSON.stringify(kind)}: must be ${resource.kind}`;
  const problem: FieldError = { reason: 'FieldValueInvalid', field: 'kind', message };
  return invalid({ group: resource.group, kind }, stringAt(parsed, 'metadata', 'name') ?? '', [problem]);
}

/** Unlike built-in kinds, custom resources have to say what they are. */
function checkCustomKind(call: Call, parsed: JsonObject, resource: Resource): void {
  if (resource.custom === undefined || (stringAt(parsed, 'kind') ?? '') !== '') return;
  const text = call.body.toString('utf8').trim();
  throw badRequest(
    `the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing in '${text}' (${excerpt(call.body)})`,
  );
}

function checkType(call: Call, parsed: JsonObject, resource: Resource, registry: Registry): void {
  const wanted = apiVersionOf(resource.group, resource.version);
  const apiVersion =
    parsed['apiVersion'] === undefined || parsed['apiVersion'] === '' ? wanted : String(parsed['apiVersion']);
  const kind = parsed['kind'] === undefined || parsed['kind'] === '' ? resource.kind : String(parsed['kind']);
  if (apiVersion === wanted && kind === resource.kind) return;
  if (resource.custom !== undefined)
    throw otherCustomType(call, parsed, resource, { apiVersion, kind, wanted });
  const { group, version } = splitApiVersion(apiVersion);
  if (registry.byKind(group, version, kind) === undefined) {
    throw cannotHandle(
      kind,
      resource,
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} ${SCHEME}`,
    );
  }
  throw cannotHandle(
    kind,
    resource,
    `converting (${version}.${kind}) to (core.${resource.kind}): unknown conversion`,
  );
}

/** Far beyond any real object. What is deeper could be stored, but no list with it could be written any more. */
const MAX_DEPTH = 500;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

/**
 * Fills in apiVersion, kind and metadata, so that what follows may rely on them.
 *
 * @throws StatusError 400 for an object that is nested too deeply
 */
export function asObject(parsed: JsonObject, resource: Resource): KubeObject {
  if (isDeeper(parsed, MAX_DEPTH)) throw badRequest(`json: exceeded max depth of ${MAX_DEPTH}`);
  const metadata = isObject(parsed['metadata']) ? parsed['metadata'] : {};
  return {
    ...parsed,
    kind: resource.kind,
    apiVersion: apiVersionOf(resource.group, resource.version),
    metadata: { ...metadata, name: typeof metadata['name'] === 'string' ? metadata['name'] : '' },
  };
}

const TEXTS = new Set(['labels', 'annotations', 'finalizers']);

/** Go reads a null in a list or map as the zero value of its items. */
function withoutNulls(key: string, value: unknown): unknown {
  const zero = TEXTS.has(key) ? '' : key === 'ownerReferences' || key === 'managedFields' ? {} : null;
  if (zero === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => item ?? zero);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, item ?? zero]));
}

/** Go drops members of metadata that are null or empty, of every kind. */
function tidyMetadata(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const kept = Object.entries(metadata).filter(([key, value]) => {
    if (key === 'name') return true;
    if (value === null || value === '' || value === 0) return false;
    return typeof value !== 'object' || Object.keys(value).length > 0;
  });
  return Object.fromEntries(
    kept.map(([key, value]) => [key, withoutNulls(key, value)]),
  ) as KubeObject['metadata'];
}

/** The wrong type of a value, in the words of Go's decoder. */
export function mismatch(parsed: JsonObject, resource: Resource): string | undefined {
  if (resource.custom !== undefined) return metadataMismatch(parsed['metadata']);
  return typeMismatch(resource.group, resource.version, resource.kind, parsed);
}

/**
 * A JSON value as an object of the resource's kind, as Go decodes and encodes it: without unknown fields, nulls and
 * empty lists (built-in kinds), with the fields that are always written.
 */
export function normalise(object: KubeObject, resource: Resource): KubeObject {
  const tidy = { ...object, metadata: tidyMetadata(object.metadata) };
  if (resource.custom !== undefined || resource.schema === undefined) return tidy;
  const written = asGoWrites(resource.schema, tidy) as KubeObject;
  return withoutZeroes({ ...written, metadata: { ...written.metadata, name: tidy.metadata.name } });
}

/** Warns of unknown fields, or refuses them, as the request asked. */
export function reportFields(
  problems: readonly string[],
  { call, options, refuse }: { call: Call; options: WriteOptions; refuse: (detail: string) => Error },
): void {
  if (problems.length === 0 || options.fieldValidation === 'Ignore') return;
  if (options.fieldValidation === 'Strict') throw refuse(`strict decoding error: ${problems.join(', ')}`);
  call.warnings.push(...problems);
}

/** The body of a create or an update as an object of the resource's kind. */
export function decodeObject(
  call: Call,
  resource: Resource,
  registry: Registry,
  options: WriteOptions,
): KubeObject {
  const unrecognized = `the object provided is unrecognized (must be of type ${resource.kind}): `;
  const parsed = parseBody(call, (message) => `${unrecognized}${message} (${excerpt(call.body)})`);
  if (!isObject(parsed)) {
    const go =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    throw badRequest(
      `${unrecognized}couldn't get version/kind; json parse error: json: cannot unmarshal ${goJsonType(parsed)} into Go value of type ${go} (${excerpt(call.body)})`,
    );
  }
  checkCustomKind(call, parsed, resource);
  checkType(call, parsed, resource, registry);
  const wrong = mismatch(parsed, resource);
  if (wrong !== undefined) throw cannotHandle(resource.kind, resource, wrong);
  const text = isJsonBody(call) ? call.body.toString('utf8') : undefined;
  const { object, problems } = checkFields(asObject(parsed, resource), resource, text);
  reportFields(problems, {
    call,
    options,
    refuse: (detail) => cannotHandle(resource.kind, resource, detail),
  });
  return normalise(object, resource);
}
