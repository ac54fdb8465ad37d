import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { badRequest, conflict, MODIFIED, notFound, unclassified } from '../errors.ts';
import { inWireOrder, type KubeObject, sameJson } from '../object.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { decodeObject } from './decode.ts';
import { finishDeletion } from './delete.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

/** The name and namespace in the body must be those of the URL. */
export function checkIdentity(call: ResourceCall, draft: KubeObject): void {
  const { info } = call;
  const namespace = namespaceOf(call);
  if (namespace !== undefined) {
    if ((draft.metadata.namespace ?? '') === '') draft.metadata.namespace = namespace;
    if (draft.metadata.namespace !== namespace) {
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }
  } else {
    delete draft.metadata.namespace;
  }
  if (draft.metadata.name === '') {
    throw badRequest('the name of the object () does not match the name on the URL');
  }
  if (draft.metadata.name !== info.name) {
    throw badRequest(
      `the name of the object (${draft.metadata.name}) does not match the name on the URL (${info.name})`,
    );
  }
}

/** @throws StatusError 409 when the draft was made from another state than this one */
export function checkVersion(call: ResourceCall, draft: KubeObject, old: KubeObject): void {
  const wanted = draft.metadata.resourceVersion ?? '';
  if (wanted === '' || wanted === '0') return;
  if (!/^\d+$/.test(wanted)) {
    throw unclassified(`strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`);
  }
  if (wanted !== old.metadata.resourceVersion) throw conflict(call.resource, call.info.name, MODIFIED);
}

/** Fields that a client cannot change: taken over from the old state. */
export function keepServerMetadata(draft: KubeObject, old: KubeObject): void {
  const kept = [
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  for (const field of kept) {
    if (old.metadata[field] === undefined) delete draft.metadata[field];
    else Object.assign(draft.metadata, { [field]: old.metadata[field] });
  }
  if ((draft.metadata.uid ?? '') === '' && old.metadata.uid !== undefined)
    draft.metadata.uid = old.metadata.uid;
}

function withoutStatus(object: KubeObject): unknown {
  const { status: _status, metadata: _metadata, ...rest } = object;
  return rest;
}

/** Replaces `old` by `draft`, or only its status, as the call's subresource says. */
export function replaceObject(
  context: ServerContext,
  call: ResourceCall,
  old: KubeObject,
  { draft, options }: { draft: KubeObject; options: WriteOptions },
): KubeObject {
  const { resource, info } = call;
  checkVersion(call, draft, old);
  keepServerMetadata(draft, old);
  let next = draft;
  if (info.subresource === 'status') {
    next = { ...old, metadata: { ...old.metadata, ...draft.metadata }, status: draft['status'] };
  } else if (resource.hasStatus) {
    if (old['status'] === undefined) delete next['status'];
    else next['status'] = old['status'];
  }
  resource.rules.defaults?.(next);
  resource.rules.prepareUpdate?.(next, old);
  if (resource.generation !== 'none' && !sameJson(withoutStatus(next), withoutStatus(old))) {
    next.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  next.metadata.resourceVersion = old.metadata.resourceVersion ?? '';
  if (sameJson(next, old)) return old;
  const ordered = inWireOrder(next);
  if (ordered.metadata.deletionTimestamp !== undefined && (ordered.metadata.finalizers ?? []).length === 0) {
    if (!options.dryRun) finishDeletion(context, resource, old);
    return ordered;
  }
  return options.dryRun ? ordered : context.store.put(resource.collection, ordered);
}

export function handleUpdate(context: ServerContext, call: ResourceCall): Reply {
  const options = writeOptions(call);
  const draft = decodeObject(call, call.resource);
  checkIdentity(call, draft);
  const { resource, info } = call;
  const old = context.store.get(resource.collection, namespaceOf(call), info.name);
  if (old === undefined) throw notFound(resource, info.name);
  const changed = replaceObject(context, call, old, { draft, options });
  return objectReply(200, viewOf(changed, resource), resource);
}
