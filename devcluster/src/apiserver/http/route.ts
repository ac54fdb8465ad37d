import type { ServerResponse } from 'node:http';
import type { Call, Reply, ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { methodNotAllowed, noSuchResource } from '../errors.ts';
import { handleCreate } from '../handlers/create.ts';
import { handleDelete, handleDeleteCollection } from '../handlers/delete.ts';
import { handlePatch } from '../handlers/patch.ts';
import { handleGet, handleList } from '../handlers/read.ts';
import { handleUpdate } from '../handlers/update.ts';
import { openWatch } from '../handlers/watch-format.ts';
import type { Verb } from '../resources/resource.ts';

type Handler = (context: ServerContext, call: ResourceCall) => Reply | Promise<Reply>;

const HANDLERS: Partial<Record<Verb, Handler>> = {
  create: handleCreate,
  get: handleGet,
  list: handleList,
  update: handleUpdate,
  patch: handlePatch,
  delete: handleDelete,
  deletecollection: handleDeleteCollection,
};

/** Finds the resource and answers; undefined when the answer is a stream that was opened. */
export async function routeResource(
  context: ServerContext,
  call: Call,
  response: ServerResponse,
): Promise<Reply | undefined> {
  const { info } = call;
  const resource = context.registry.find(info.group, info.version, info.plural);
  if (resource === undefined) throw noSuchResource();
  const resourceCall: ResourceCall = { ...call, resource };
  if (info.subresource !== '') {
    const subresource = resource.subresources.find((s) => s.name === info.subresource);
    if (subresource === undefined) throw noSuchResource();
    if (!subresource.verbs.includes(info.verb as Verb)) throw methodNotAllowed();
  } else if (!resource.verbs.includes(info.verb as Verb)) {
    throw methodNotAllowed();
  }
  if (info.verb === 'watch') {
    openWatch(context, resourceCall, response);
    return undefined;
  }
  const handler = HANDLERS[info.verb as Verb];
  if (handler === undefined) throw methodNotAllowed();
  return handler(context, resourceCall);
}
