import { RBAC_GROUP } from '../auth/authorizer.ts';
import { checkEscalation } from '../auth/escalation.ts';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import type { ServerContext } from '../context.ts';
import { decodeObject } from '../decode/object.ts';
import { badRequest, conflict, invalid, MODIFIED, notFound, unclassified } from '../errors.ts';
import { type KubeObject, listAt } from '../object.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { placeInNamespace } from './create.ts';
import { finishDeletion } from './delete.ts';
import {
  bumpGeneration,
  checkChanged,
  orUnchanged,
  setStatus,
  toStorage,
  tracked,
  withDefaults,
} from './prepare.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

/** The name and namespace in the body must be those of the URL. */
export function checkIdentity(call: ResourceCall, draft: KubeObject): void {
  const { info } = call;
  placeInNamespace(call, draft);
  const { name } = draft.metadata;
  if (name === info.name) return;
  if (name === '') {
    throw badRequest(
      `the name of the object (${info.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
}

/** @throws StatusError 409 when the draft was made from another state than this one */
export function checkVersion(call: ResourceCall, draft: KubeObject, old: KubeObject): void {
  const { resource } = call;
  const wanted = draft.metadata.resourceVersion ?? '';
  if (wanted === '' || wanted === '0') {
    const insists = resource.custom !== undefined || resource.rules.unconditionalUpdate === false;
    if (insists && call.method === 'PUT' && call.info.subresource !== 'scale') {
      const field = 'metadata.resourceVersion';
      const message = 'Invalid value: 0: must be specified for an update';
      const named = { group: resource.group, kind: resource.plural };
      throw invalid(named, call.info.name, [{ reason: 'FieldValueInvalid', field, message }]);
    }
    return;
  }
  if (!/^\d+$/.test(wanted)) {
    throw unclassified(`strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`);
  }
  if (wanted !== old.metadata.resourceVersion) throw conflict(resource, call.info.name, MODIFIED);
}

/** A PUT that names a uid means that very object. */
function checkUid(call: ResourceCall, draft: KubeObject, old: KubeObject): void {
  const { uid } = draft.metadata;
  if (call.method !== 'PUT' || uid === undefined || uid === '' || uid === old.metadata.uid) return;
  const { storageGroup, plural, namespaced } = call.resource;
  const prefix = `/registry/${storageGroup === '' ? '' : `${storageGroup}/`}${plural}`;
  const key = `${prefix}/${namespaced ? `${old.metadata.namespace}/` : ''}${old.metadata.name}`;
  throw conflict(
    call.resource,
    call.info.name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
  );
}

/** Fields that a client cannot change: taken over from the old state. */
function keepServerMetadata(draft: KubeObject, old: KubeObject): void {
  const kept = [
    'generation',
    'creationTimestamp',
    ...(old.metadata.deletionTimestamp === undefined
      ? []
      : ['deletionTimestamp', 'deletionGracePeriodSeconds']),
  ];
  for (const field of kept) {
    if (old.metadata[field] === undefined) delete draft.metadata[field];
    else draft.metadata[field] = old.metadata[field];
  }
  delete draft.metadata['selfLink'];
  if (old.metadata.resourceVersion !== undefined)
    draft.metadata.resourceVersion = old.metadata.resourceVersion;
  if ((draft.metadata.uid ?? '') === '' && old.metadata.uid !== undefined)
    draft.metadata.uid = old.metadata.uid;
}

/** Only the part that the endpoint writes comes from the draft. */
function partWritten(call: ResourceCall, draft: KubeObject, old: KubeObject): KubeObject {
  const { resource, info } = call;
  const { managedFields } = draft.metadata;
  if (info.subresource === 'status') {
    const { managedFields: _old, ...metadata } = old.metadata;
    const next: KubeObject = {
      ...old,
      metadata: managedFields === undefined ? metadata : { ...metadata, managedFields },
    };
    setStatus(next, draft['status']);
    return next;
  }
  const next = { ...draft, metadata: { ...draft.metadata } };
  if (resource.hasStatus) setStatus(next, old['status']);
  return next;
}

export interface Replacement {
  draft: KubeObject;
  options: WriteOptions;
  /** An apply has already written down who owns what. */
  applied?: boolean;
}

/**
 * Replaces a stored object by a decoded draft, or only its status, as the call's subresource says.
 *
 * @returns the object as the request's version shows it; the old one when nothing changed
 */
export function replaceObject(
  context: ServerContext,
  call: ResourceCall,
  stored: KubeObject,
  { draft, options, applied }: Replacement,
): KubeObject {
  const { resource, info } = call;
  const old = viewOf(stored, resource);
  checkVersion(call, draft, old);
  checkUid(call, draft, old);
  let next = withDefaults(draft, resource);
  if (applied !== true) next = tracked(context, call, { before: old, after: next, options });
  next = partWritten(call, next, old);
  keepServerMetadata(next, old);
  resource.rules.prepareUpdate?.(next, old, info.subresource);
  if (info.subresource !== 'status') bumpGeneration(resource, next, old);
  if (resource.group === RBAC_GROUP)
    checkEscalation({ user: call.user, authorizer: context.authorizer }, resource, next);
  checkChanged(resource, next, old, info.subresource);
  call.warnings.push(...(resource.rules.warnings?.(next, old) ?? []));
  resource.rules.allocate?.(next, old, context);
  const changed = orUnchanged(next, old);
  const finished = isReleased(changed);
  if (changed === old && !finished) return old;
  if (options.dryRun) return changed;
  if (finished) {
    const { resourceVersion } = finishDeletion(context, resource, stored).metadata;
    return {
      ...changed,
      metadata: { ...changed.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    };
  }
  return viewOf(context.store.put(resource.collection, toStorage(changed, resource)), resource);
}

/** Whether nothing holds a deleted object any longer. */
function isReleased(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  if (
    object.kind === 'Namespace' &&
    object.apiVersion === 'v1' &&
    listAt(object, 'spec', 'finalizers').length > 0
  )
    return false;
  return (deletionGracePeriodSeconds ?? 0) === 0;
}

export function handleUpdate(context: ServerContext, call: ResourceCall): Reply {
  const options = writeOptions(call);
  const { resource, info } = call;
  const draft = decodeObject(call, resource, context.registry, options);
  checkIdentity(call, draft);
  const stored = context.store.get(resource.collection, namespaceOf(call), info.name);
  if (stored === undefined) throw notFound(resource, info.name);
  return objectReply(200, replaceObject(context, call, stored, { draft, options }), resource);
}
