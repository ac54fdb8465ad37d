import fastJsonPatch from 'fast-json-patch';
import { parse as parseYaml } from 'yaml';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { badRequest, notFound, StatusError } from '../errors.ts';
import { apiVersionOf, clone, isObject, type JsonObject, type KubeObject } from '../object.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { createObject } from './create.ts';
import { mediaTypeOf } from './decode.ts';
import { checkIdentity, replaceObject } from './update.ts';
import { writeOptions } from './write-options.ts';

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const out: JsonObject = isObject(target) ? { ...target } : {};
  for (const [k, v] of Object.entries(patch)) {
    if (v === null) delete out[k];
    else out[k] = merge(out[k], v);
  }
  return out;
}

export function handlePatch(context: ServerContext, call: ResourceCall): Reply {
  const type = mediaTypeOf(call);
  const apply = type === 'application/apply-patch+yaml';
  const options = writeOptions(call, apply);
  const { resource, info } = call;
  const old = context.store.get(resource.collection, namespaceOf(call), info.name);
  const text = call.body.toString('utf8');
  if (old === undefined) {
    if (!apply) throw notFound(resource, info.name);
    const draft = parseYaml(text) as KubeObject;
    draft.metadata = { ...draft.metadata, name: draft.metadata?.name ?? info.name };
    return objectReply(201, viewOf(createObject(context, call, draft, options), resource), resource);
  }
  const current = clone(viewOf(old, resource));
  let next: unknown;
  if (type === 'application/json-patch+json') {
    next = fastJsonPatch.applyPatch(current, JSON.parse(text)).newDocument;
  } else if (apply) {
    next = merge(current, parseYaml(text));
  } else if (type === 'application/merge-patch+json' || type === 'application/strategic-merge-patch+json') {
    try {
      next = merge(current, JSON.parse(text));
    } catch (error) {
      throw badRequest(`error decoding patch: ${(error as Error).message}`);
    }
  } else {
    throw new StatusError({
      code: 415,
      reason: 'UnsupportedMediaType',
      message: '415: Unsupported Media Type',
      details: {},
    });
  }
  const draft = next as KubeObject;
  draft.apiVersion = apiVersionOf(resource.group, resource.version);
  checkIdentity(call, draft);
  const changed = replaceObject(context, call, old, { draft, options });
  return objectReply(200, viewOf(changed, resource), resource);
}
