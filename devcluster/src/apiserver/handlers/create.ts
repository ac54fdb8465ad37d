import { randomBytes, randomUUID } from 'node:crypto';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { alreadyExists, badRequest, forbidden, notFound, unclassified } from '../errors.ts';
import { inWireOrder, type KubeObject } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { decodeObject } from './decode.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

/** Without vowels and look-alikes, as Kubernetes' generated names are. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export function randomSuffix(): string {
  return [...randomBytes(5)].map((byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]).join('');
}

export function checkNamespaceOpen(context: ServerContext, resource: Resource, object: KubeObject): void {
  const { namespace, name } = object.metadata;
  if (!resource.namespaced || namespace === undefined) return;
  const found = context.store.get('namespaces', undefined, namespace);
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (found.metadata.deletionTimestamp !== undefined) {
    const error = forbidden(
      resource,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
    error.details?.causes?.push();
    throw error;
  }
}

/** What the server sets on a new object, whatever the client sent. */
export function initialMetadata(context: ServerContext, resource: Resource, draft: KubeObject): void {
  const { metadata } = draft;
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'resourceVersion'])
    delete metadata[field];
  if (metadata.name === '' && typeof metadata.generateName === 'string' && metadata.generateName !== '') {
    metadata.name = `${metadata.generateName}${randomSuffix()}`;
  }
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(context.now());
  if (resource.generation !== 'none') metadata.generation = 1;
}

export function createObject(
  context: ServerContext,
  call: ResourceCall,
  draft: KubeObject,
  options: WriteOptions,
): KubeObject {
  const { resource } = call;
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
  if ((draft.metadata.resourceVersion ?? '') !== '') {
    throw unclassified('resourceVersion should not be set on objects to be created');
  }
  checkNamespaceOpen(context, resource, draft);
  initialMetadata(context, resource, draft);
  resource.rules.defaults?.(draft);
  resource.rules.prepareCreate?.(draft);
  const existing = context.store.get(resource.collection, namespace, draft.metadata.name);
  if (existing !== undefined) {
    const deleting = existing.metadata.deletionTimestamp === undefined ? '' : 'object is being deleted: ';
    throw alreadyExists(resource, draft.metadata.name, deleting);
  }
  const ordered = inWireOrder(draft);
  return options.dryRun ? ordered : context.store.put(resource.collection, ordered);
}

export function handleCreate(context: ServerContext, call: ResourceCall): Reply {
  const options = writeOptions(call);
  const draft = decodeObject(call, call.resource);
  const made = createObject(context, call, draft, options);
  return objectReply(201, viewOf(made, call.resource), call.resource);
}
