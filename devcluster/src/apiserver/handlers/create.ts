import { randomBytes, randomUUID } from 'node:crypto';
import { checkEscalation } from '../auth/escalation.ts';
import { objectReply, type Reply, type ResourceCall } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { decodeObject } from '../decode/object.ts';
import { alreadyExists, badRequest, forbidden, notFound, StatusError, unclassified } from '../errors.ts';
import { inWireOrder, type KubeObject } from '../object.ts';
import { DEFINITIONS } from '../resources/custom.ts';
import type { Resource } from '../resources/resource.ts';
import { viewOf } from '../resources/view.ts';
import { namespaceOf } from '../selectors/selection.ts';
import { checkNew, emptyStatus, setStatus, toStorage, tracked, withDefaults } from './prepare.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

/** Without vowels and look-alikes, as Kubernetes' generated names are. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
/** Longer prefixes are cut, so that the name stays a label. */
const MAX_GENERATED_PREFIX = 58;

function randomSuffix(): string {
  return [...randomBytes(5)].map((byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]).join('');
}

/** @throws StatusError 404 or 403 when nothing can be created in the namespace */
function checkNamespaceOpen(context: ServerContext, resource: Resource, object: KubeObject): void {
  const { namespace, name } = object.metadata;
  if (!resource.namespaced || namespace === undefined) return;
  const found = context.store.get('namespaces', undefined, namespace);
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { code, reason, message: text, details } = forbidden(resource, name, message);
  throw new StatusError({
    code,
    reason: reason ?? 'Forbidden',
    message: text,
    details: {
      ...details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  });
}

/** @throws StatusError 403 when the resource itself is being deleted */
function checkDefinitionStays(context: ServerContext, resource: Resource, object: KubeObject): void {
  if (resource.custom === undefined) return;
  const definition = context.store.get(DEFINITIONS, undefined, `${resource.plural}.${resource.group}`);
  if (definition?.metadata.deletionTimestamp === undefined) return;
  throw forbidden(
    resource,
    object.metadata.name,
    'create not allowed while custom resource definition is terminating',
  );
}

/** What the server sets on a new object, whatever the client sent. */
function setInitialMetadata(context: ServerContext, resource: Resource, draft: KubeObject): void {
  const { metadata } = draft;
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) delete metadata[field];
  if (metadata.name === '' && typeof metadata.generateName === 'string' && metadata.generateName !== '') {
    metadata.name = `${metadata.generateName.slice(0, MAX_GENERATED_PREFIX)}${randomSuffix()}`;
  }
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(context.now());
  if (resource.generation !== 'none') metadata.generation = 1;
}

/** Puts the namespace of the URL into the object. */
export function placeInNamespace(call: ResourceCall, draft: KubeObject): void {
  const namespace = namespaceOf(call);
  if (namespace === undefined) {
    delete draft.metadata.namespace;
    return;
  }
  draft.metadata.namespace ??= namespace;
  if (draft.metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

interface NewObject {
  draft: KubeObject;
  options: WriteOptions;
  /** An apply has already written down who owns what. */
  applied?: boolean;
}

/** Stores a decoded object, and answers it as it was stored. */
export function createObject(
  context: ServerContext,
  call: ResourceCall,
  { draft, options, applied }: NewObject,
): KubeObject {
  const { resource } = call;
  placeInNamespace(call, draft);
  checkNamespaceOpen(context, resource, draft);
  checkDefinitionStays(context, resource, draft);
  let next = withDefaults(draft, resource);
  if (applied !== true) next = tracked(context, call, { before: undefined, after: next, options });
  next = { ...next, metadata: { ...next.metadata } };
  if (resource.hasStatus) setStatus(next, emptyStatus(resource));
  setInitialMetadata(context, resource, next);
  resource.rules.prepareCreate?.(next, context);
  checkNew(resource, next);
  checkEscalation({ user: call.user, authorizer: context.authorizer }, resource, next);
  if ((next.metadata.resourceVersion ?? '') !== '') {
    if (applied !== true) throw unclassified('resourceVersion should not be set on objects to be created');
    delete next.metadata.resourceVersion;
  }
  call.warnings.push(...(resource.rules.warnings?.(next, undefined) ?? []));
  const existing = context.store.get(resource.collection, next.metadata.namespace, next.metadata.name);
  if (existing !== undefined) {
    const deleting = existing.metadata.deletionTimestamp === undefined ? '' : 'object is being deleted: ';
    throw alreadyExists(resource, next.metadata.name, deleting);
  }
  resource.rules.allocate?.(next, undefined, context);
  const ordered = inWireOrder(next);
  if (options.dryRun) return ordered;
  return viewOf(context.store.put(resource.collection, toStorage(ordered, resource)), resource);
}

export function handleCreate(context: ServerContext, call: ResourceCall): Reply {
  const options = writeOptions(call);
  const draft = decodeObject(call, call.resource, context.registry, options);
  return objectReply(201, createObject(context, call, { draft, options }), call.resource);
}
