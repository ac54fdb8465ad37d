import { canonicalJson, isObject, type JsonObject } from '../json.ts';
import type { Schema } from '../schema.ts';
import { compare } from './compare.ts';
import { difference, EMPTY_FIELD_SET, type FieldSet, union } from './field-set.ts';
import { toFieldSet } from './to-field-set.ts';

/** Where `kubectl apply` without `--server-side` keeps what it applied last. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The only manager whose change from client-side to server-side apply the server helps along. */
export const KUBECTL = 'kubectl';

function annotationsOf(object: JsonObject): JsonObject {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  return isObject(metadata['annotations']) ? metadata['annotations'] : {};
}

/**
 * The fields that kubectl applied client-side and that are still as it applied them: kubectl owns them, whatever
 * managedFields say, so they are no conflicts when it comes back with server-side apply.
 */
export function appliedClientSide(schema: Schema, live: JsonObject): FieldSet {
  const text = annotationsOf(live)[LAST_APPLIED];
  if (typeof text !== 'string' || text === '') return EMPTY_FIELD_SET;
  try {
    const applied: unknown = JSON.parse(text);
    if (!isObject(applied) || applied['apiVersion'] !== live['apiVersion']) return EMPTY_FIELD_SET;
    const changes = compare(schema, applied, live);
    const changed = union(union(changes.modified, changes.added), changes.removed);
    return difference(toFieldSet(schema, applied), changed);
  } catch {
    return EMPTY_FIELD_SET;
  }
}

/** Keeps the annotation up to date as long as it is there, so that going back to client-side apply works. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (annotations[LAST_APPLIED] === undefined || annotations[LAST_APPLIED] === '') return object;
  const { [LAST_APPLIED]: _, ...others } = annotationsOf(applied);
  const metadata = isObject(applied['metadata']) ? applied['metadata'] : {};
  const configuration = isObject(metadata['annotations'])
    ? { ...applied, metadata: { ...metadata, annotations: others } }
    : applied;
  const updated = { ...annotations, [LAST_APPLIED]: `${canonicalJson(configuration)}\n` };
  return { ...object, metadata: { ...(object['metadata'] as JsonObject), annotations: updated } };
}
