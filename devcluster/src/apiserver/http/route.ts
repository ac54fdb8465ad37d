import type { ServerResponse } from 'node:http';
import { type Call, PAGE_NOT_FOUND, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { methodNotAllowed, noSuchResource, notFound, StatusError } from '../errors.ts';
import { handleCreate } from '../handlers/create.ts';
import { handleDelete, handleDeleteCollection } from '../handlers/delete.ts';
import { handleFinalize } from '../handlers/namespace-finalize.ts';
import { handlePatch } from '../handlers/patch.ts';
import { proxyLog } from '../handlers/pod-log.ts';
import { handleBinding, handleEviction } from '../handlers/pod-subresources.ts';
import { handleGet, handleList } from '../handlers/read.ts';
import { handleReview } from '../handlers/reviews.ts';
import { handleGetScale, handleWriteScale } from '../handlers/scale.ts';
import { handleTokenRequest } from '../handlers/token-request.ts';
import { handleUpdate } from '../handlers/update.ts';
import { openWatch } from '../handlers/watch-format.ts';
import type { Resource, Verb } from '../resources/resource.ts';

type Handler = (context: ServerContext, call: ResourceCall) => Reply;

const MAIN: Partial<Record<Verb, Handler>> = {
  create: (context, call) => handleReview(context, call) ?? handleCreate(context, call),
  get: handleGet,
  list: handleList,
  update: handleUpdate,
  patch: handlePatch,
  delete: handleDelete,
  deletecollection: handleDeleteCollection,
};

const SUBRESOURCES: Record<string, Partial<Record<Verb, Handler>>> = {
  status: { get: handleGet, update: handleUpdate, patch: handlePatch },
  scale: { get: handleGetScale, update: handleWriteScale, patch: handleWriteScale },
  finalize: { update: handleFinalize },
  token: { create: handleTokenRequest },
  binding: { create: handleBinding },
  eviction: { create: handleEviction },
};

/** Custom resources answer with their own name where built-in ones are silent. */
function refuseVerb(resource: Resource, verb: string): StatusError {
  const { group, plural } = resource;
  if (resource.custom === undefined) return methodNotAllowed();
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${verb} is not supported on resources of kind "${plural}.${group}"`,
    details: { group, kind: plural },
  });
}

function handlerFor(resource: Resource, call: Call): Handler | undefined {
  const { info, method } = call;
  const verb = info.verb as Verb;
  if (info.subresource !== '') {
    const subresource = resource.subresources.find((s) => s.name === info.subresource);
    if (subresource === undefined) {
      throw resource.custom === undefined ? noSuchResource() : notFound(resource, info.name);
    }
    if (!subresource.verbs.includes(verb)) throw refuseVerb(resource, verb);
    return SUBRESOURCES[info.subresource]?.[verb];
  }
  // Reviews have no names: such a path is no path.
  if (info.name !== '' && !resource.verbs.includes('get')) throw noSuchResource();
  const misplaced =
    (method === 'POST' && info.name !== '') ||
    (['PUT', 'PATCH'].includes(method) && info.name === '') ||
    // Across all namespaces one can only look.
    (resource.namespaced && info.namespace === undefined && !['list', 'watch'].includes(verb));
  if (misplaced || !resource.verbs.includes(verb)) throw refuseVerb(resource, verb);
  return MAIN[verb];
}

/** Finds the resource and answers; undefined when the answer is a stream that was opened. */
export async function routeResource(
  context: ServerContext,
  call: Call,
  response: ServerResponse,
): Promise<Reply | undefined> {
  const { info } = call;
  const resource = context.registry.find(info.group, info.version, info.plural);
  // A namespaced resource lives below a namespace, all others do not.
  const misplaced = info.name !== '' && resource?.namespaced === true && info.namespace === undefined;
  const outside =
    resource?.namespaced === false && info.namespace !== undefined && resource.plural !== 'namespaces';
  if (resource === undefined || misplaced || outside) {
    if (!context.registry.isBuiltinGroup(info.group)) return PAGE_NOT_FOUND;
    throw noSuchResource();
  }
  const warning = resource.custom?.deprecationWarning;
  if (warning !== undefined) call.warnings.push(warning);
  const resourceCall: ResourceCall = { ...call, resource };
  if (info.subresource === 'log' && resource.plural === 'pods' && info.verb === 'get') {
    await proxyLog(context, resourceCall, response);
    return undefined;
  }
  if (info.verb === 'watch' && info.subresource === '') {
    openWatch(context, resourceCall, response);
    return undefined;
  }
  const handler = handlerFor(resource, call);
  if (handler === undefined) throw methodNotAllowed();
  return handler(context, resourceCall);
}
