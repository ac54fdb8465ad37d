import { duplicateFields } from '../../apimachinery/duplicate-fields.ts';
import { applyJsonPatch, unknownPatchFields } from '../../apimachinery/patch/json.ts';
import { applyMergePatch } from '../../apimachinery/patch/merge.ts';
import { PatchError } from '../../apimachinery/patch/patch-error.ts';
import { applyStrategicMergePatch } from '../../apimachinery/patch/strategic.ts';
import { duplicateFieldText, unknownFieldText } from '../../apimachinery/prune.ts';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { BodySyntaxError, mediaTypeOf, parseJson } from '../decode/body.ts';
import { asObject, mismatch, normalise, reportFields } from '../decode/object.ts';
import { checkFields, fullSchema } from '../decode/strict.ts';
import { badRequest, invalid, notFound, StatusError, unclassified } from '../errors.ts';
import { isObject, type KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { handleApply } from './apply.ts';
import { checkIdentity, replaceObject } from './update.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

const CUSTOM_TYPES = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH];

export function unsupportedPatch(resource: Resource): StatusError {
  if (resource.custom !== undefined) {
    const message = `the body of the request was in an unknown format - accepted media types include: ${CUSTOM_TYPES.join(', ')}`;
    return new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });
  }
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: '415: Unsupported Media Type',
    details: {},
  });
}

/** The refusal of a patch whose result is no object of the kind. */
function badPatch(value: unknown, detail: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value))}: ${detail}`;
  return invalid({ group: '', kind: '' }, '', [{ reason: 'FieldValueInvalid', field: 'patch', message }]);
}

export function asStatusError(error: PatchError): StatusError {
  switch (error.status) {
    case 400:
      return badRequest(error.message);
    case 413:
      return new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message: error.message });
    case 422:
      return new StatusError({ code: 422, reason: 'Invalid', message: error.message, details: {} });
    default:
      return unclassified(error.message);
  }
}

/** @throws StatusError 400 for a body that is no JSON */
export function parsePatch(call: ResourceCall): unknown {
  try {
    return parseJson(call.body.toString('utf8'));
  } catch (error) {
    if (error instanceof BodySyntaxError) throw badRequest(`error decoding patch: ${error.message}`);
    throw error;
  }
}

function patched(type: string, document: KubeObject, patch: unknown, call: ResourceCall): unknown {
  switch (type) {
    case JSON_PATCH:
      return applyJsonPatch(document, patch);
    case MERGE_PATCH:
      if (!isObject(patch)) throw badRequest('error decoding patch: Invalid JSON Patch');
      return applyMergePatch(document, patch);
    default:
      return applyStrategicMergePatch(document, patch, fullSchema(call.resource));
  }
}

/** The patched document as an object of the kind, without what the kind does not know. */
function decodePatched(
  call: ResourceCall,
  document: unknown,
  patch: unknown,
  options: WriteOptions,
): KubeObject {
  const { resource } = call;
  if (!isObject(document)) throw badPatch(document, 'json: cannot unmarshal into Go value');
  const wrong = mismatch(document, resource);
  if (wrong !== undefined) throw badPatch(patch, wrong);
  const { object, problems } = checkFields(asObject(document, resource), resource, undefined);
  const inPatch = [
    ...duplicateFields(call.body.toString('utf8')).map(duplicateFieldText),
    ...unknownPatchFields(mediaTypeOf(call) === JSON_PATCH ? patch : undefined).map(
      (path) => `json patch ${unknownFieldText(path)}`,
    ),
  ];
  reportFields([...inPatch, ...problems], { call, options, refuse: (detail) => badPatch(patch, detail) });
  return normalise(object, resource);
}

export function handlePatch(context: ServerContext, call: ResourceCall): Reply {
  const type = mediaTypeOf(call);
  if (type === APPLY_PATCH) return handleApply(context, call);
  const { resource, info } = call;
  const supported =
    resource.custom === undefined ? [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH] : [JSON_PATCH, MERGE_PATCH];
  if (!supported.includes(type)) throw unsupportedPatch(resource);
  const options = writeOptions(call);
  const patch = parsePatch(call);
  const stored = context.store.get(resource.collection, namespaceOf(call), info.name);
  if (stored === undefined) throw notFound(resource, info.name);
  const before = viewOf(stored, resource);
  let document: unknown;
  try {
    document = patched(type, before, patch, call);
  } catch (error) {
    if (error instanceof PatchError) throw asStatusError(error);
    throw error;
  }
  const draft = decodePatched(call, document, patch, options);
  checkIdentity(call, draft);
  return objectReply(200, replaceObject(context, call, stored, { draft, options }), resource);
}
