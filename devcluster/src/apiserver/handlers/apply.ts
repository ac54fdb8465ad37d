import { ApplyError, apply } from '../../apimachinery/managed-fields.ts';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { BodySyntaxError, parseYamlText } from '../decode/body.ts';
import { asObject, normalise } from '../decode/object.ts';
import { fullSchema } from '../decode/strict.ts';
import { badRequest, conflict, notFound, StatusError, unclassified } from '../errors.ts';
import {
  apiVersionOf,
  isObject,
  type JsonObject,
  type KubeObject,
  splitApiVersion,
  stringAt,
} from '../object.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { createObject } from './create.ts';
import { checkIdentity, replaceObject } from './update.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

function parseConfiguration(call: ResourceCall): JsonObject {
  let parsed: unknown;
  try {
    parsed = parseYamlText(call.body.toString('utf8'));
  } catch (error) {
    if (error instanceof BodySyntaxError) throw badRequest(`error decoding YAML: ${error.message}`);
    throw error;
  }
  if (!isObject(parsed)) throw badRequest('error decoding YAML: expected an object');
  return parsed;
}

/** The configuration must be of the kind and name in the URL. */
function checkConfiguration(call: ResourceCall, applied: JsonObject): void {
  const { resource } = call;
  const { group, version } = splitApiVersion(stringAt(applied, 'apiVersion') ?? '');
  const kind = stringAt(applied, 'kind') ?? '';
  if (kind !== resource.kind || group !== resource.group) {
    const groupVersion = group === '' ? `/${version}` : `${group}/${version}`;
    throw badRequest(`invalid object type: ${groupVersion}, Kind=${kind}`);
  }
  const name = stringAt(applied, 'metadata', 'name') ?? '';
  checkIdentity(call, { apiVersion: '', kind, metadata: { name, ...namespaceIn(applied) } });
}

function namespaceIn(applied: JsonObject): { namespace?: string } {
  const namespace = stringAt(applied, 'metadata', 'namespace');
  return namespace === undefined || namespace === '' ? {} : { namespace };
}

function merged(
  context: ServerContext,
  call: ResourceCall,
  live: KubeObject | undefined,
  applied: JsonObject,
  options: WriteOptions,
): KubeObject {
  const { resource, info } = call;
  try {
    const result = apply({
      ...(live === undefined ? {} : { live }),
      applied,
      manager: options.fieldManager,
      force: options.force,
      schema: fullSchema(resource),
      apiVersion: apiVersionOf(resource.group, resource.version),
      subresource: info.subresource,
      time: timestamp(context.now()),
      resetFields:
        info.subresource === 'status' ? [['spec'], ['metadata']] : resource.hasStatus ? [['status']] : [],
    });
    if (result.conflicts.length > 0) {
      throw new StatusError({
        code: 409,
        reason: 'Conflict',
        message: result.conflictMessage ?? '',
        details: {
          causes: result.conflicts.map(({ reason, message, field }) => ({ reason, message, field })),
        },
      });
    }
    return normalise(asObject(result.object, resource), resource);
  } catch (error) {
    if (!(error instanceof ApplyError)) throw error;
    throw error.status === 400 ? badRequest(error.message) : unclassified(error.message);
  }
}

/** Server-side apply: creates the object, or merges the configuration into it. */
export function handleApply(context: ServerContext, call: ResourceCall): Reply {
  const { resource, info } = call;
  const options = writeOptions(call, true);
  const applied = parseConfiguration(call);
  checkConfiguration(call, applied);
  const stored = context.store.get(resource.collection, namespaceOf(call), info.name);
  if (stored === undefined) {
    if (info.subresource !== '') throw notFound(resource, info.name);
    const uid = stringAt(applied, 'metadata', 'uid') ?? '';
    if (uid !== '') {
      const cause = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
      throw conflict(resource, info.name, cause);
    }
    const draft = merged(context, call, undefined, applied, options);
    return objectReply(201, createObject(context, call, { draft, options, applied: true }), resource);
  }
  const draft = merged(context, call, viewOf(stored, resource), applied, options);
  checkIdentity(call, draft);
  return objectReply(200, replaceObject(context, call, stored, { draft, options, applied: true }), resource);
}
