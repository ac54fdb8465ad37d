import { objectReply, type Reply, type ResourceCall, statusReply } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { forbidden } from '../errors.ts';
import type { KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf, selectionOf } from '../selectors/selection.ts';
import { checkPreconditions, type DeleteOptions, deleteOptions } from './delete-options.ts';
import { readObject } from './read.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** Removes the object at last, and shows watchers its last state. */
export function finishDeletion(context: ServerContext, resource: Resource, last: KubeObject): KubeObject {
  return context.store.remove(resource.collection, last);
}

/** The finalizers that the propagation policy asks the garbage collector to clear. */
function finalizersFor(object: KubeObject, options: DeleteOptions): string[] {
  const present = object.metadata.finalizers ?? [];
  const others = present.filter((f) => f !== ORPHAN && f !== FOREGROUND);
  switch (options.propagationPolicy) {
    case 'Orphan':
      return [...others, ORPHAN];
    case 'Foreground':
      return [...others, FOREGROUND];
    case 'Background':
      return others;
    default:
      return present;
  }
}

/** What is left of an object once it is deleted: itself, marked, or undefined when it may go at once. */
function markedForDeletion(
  context: ServerContext,
  resource: Resource,
  old: KubeObject,
  options: DeleteOptions,
): KubeObject | undefined {
  const { markDeleted } = resource.rules;
  if (markDeleted !== undefined)
    return old.metadata.deletionTimestamp === undefined ? markDeleted(old, context.now()) : old;
  const finalizers = finalizersFor(old, options);
  const spec =
    resource.collection === 'namespaces' ? (old['spec'] as { finalizers?: string[] } | undefined) : undefined;
  const grace = resource.rules.graceSeconds?.(old, options.gracePeriodSeconds) ?? 0;
  const held = finalizers.length > 0 || (spec?.finalizers ?? []).length > 0;
  if (!held && grace === 0) return undefined;
  const { metadata } = old;
  if (metadata.deletionTimestamp !== undefined) {
    const shorter = grace < (metadata.deletionGracePeriodSeconds ?? 0);
    if (!shorter && sameList(finalizers, metadata.finalizers ?? [])) return old;
    const marked = {
      ...metadata,
      deletionGracePeriodSeconds: shorter ? grace : (metadata.deletionGracePeriodSeconds ?? 0),
    };
    return { ...old, metadata: withFinalizers(marked, finalizers) };
  }
  const at = new Date(context.now().getTime() + grace * 1000);
  return {
    ...old,
    metadata: withFinalizers(
      {
        ...metadata,
        ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
        deletionTimestamp: timestamp(at),
        deletionGracePeriodSeconds: grace,
      },
      finalizers,
    ),
  };
}

function withFinalizers(metadata: KubeObject['metadata'], finalizers: string[]): KubeObject['metadata'] {
  const { finalizers: _old, ...rest } = metadata;
  return finalizers.length === 0 ? rest : { ...rest, finalizers };
}

function sameList(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((entry, i) => entry === b[i]);
}

interface Deleted {
  object: KubeObject;
  gone: boolean;
}

export function deleteObject(
  context: ServerContext,
  resource: Resource,
  old: KubeObject,
  options: DeleteOptions,
): Deleted {
  checkPreconditions(old, options);
  const marked = markedForDeletion(context, resource, old, options);
  if (marked === undefined) {
    return { object: options.dryRun ? old : finishDeletion(context, resource, old), gone: true };
  }
  if (marked === old || options.dryRun) return { object: marked, gone: false };
  const object =
    resource.collection === 'namespaces'
      ? { ...marked, status: { ...(marked['status'] as object), phase: 'Terminating' } }
      : marked;
  return { object: context.store.put(resource.collection, object), gone: false };
}

/** Kinds that answer a deletion with the object even when it is gone. */
const RETURNED = new Set([
  ...['pods', 'services', 'serviceaccounts', 'persistentvolumes', 'persistentvolumeclaims', 'resourcequotas'],
]);

const JOB_WARNING =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

/** Jobs leave their pods unless told otherwise, as they did before there were policies. */
function withDefaultPolicy(
  options: DeleteOptions,
  resource: Resource,
): DeleteOptions & { defaulted: boolean } {
  const defaulted = resource.collection === 'jobs.batch' && options.propagationPolicy === undefined;
  return defaulted ? { ...options, propagationPolicy: 'Orphan', defaulted } : { ...options, defaulted };
}

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

/** @throws StatusError 403 for namespaces that a cluster cannot be without */
function checkMayGo(resource: Resource, name: string): void {
  if (resource.collection === 'namespaces' && IMMORTAL.has(name)) {
    throw forbidden(resource, name, 'this namespace may not be deleted');
  }
}

export function handleDelete(context: ServerContext, call: ResourceCall): Reply {
  const { resource, info } = call;
  const options = withDefaultPolicy(deleteOptions(call), resource);
  checkMayGo(resource, info.name);
  const old = readObject(context, call);
  const { object, gone } = deleteObject(context, resource, old, options);
  if (options.defaulted) call.warnings.push(JOB_WARNING);
  if (!gone || RETURNED.has(resource.collection)) return objectReply(200, viewOf(object, resource), resource);
  return statusReply(200, {
    status: 'Success',
    details: {
      name: info.name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: old.metadata.uid,
    },
  });
}

export function handleDeleteCollection(context: ServerContext, call: ResourceCall): Reply {
  const options = deleteOptions(call);
  const { resource } = call;
  const selection = selectionOf(call, resource);
  const items = context.store
    .list(resource.collection, namespaceOf(call))
    .filter((object) => selection.matches(viewOf(object, resource)));
  for (const object of items) deleteObject(context, resource, object, options);
  return {
    type: 'list',
    list: {
      resource,
      items: items.map((item) => viewOf(item, resource)),
      resourceVersion: String(context.store.revision),
    },
  };
}
