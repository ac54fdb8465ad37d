import { capUpdateManagers } from './fields/cap-managers.ts';
import { type Comparison, compare } from './fields/compare.ts';
import {
  type Conflict,
  conflictCause,
  conflictMessage,
  conflictsWith,
  type ManagerConflict,
} from './fields/conflicts.ts';
import {
  difference,
  EMPTY_FIELD_SET,
  type FieldSet,
  fieldSetOf,
  hasPath,
  isEmptySet,
  recursiveDifference,
  union,
} from './fields/field-set.ts';
import { appliedClientSide, KUBECTL, withLastApplied } from './fields/last-applied.ts';
import { formatManagers, type Manager, type Managers, managerKey, parseManagers } from './fields/managers.ts';
import { mergeApply } from './fields/merge-apply.ts';
import { memberElement } from './fields/path-element.ts';
import { pruneAbandoned } from './fields/prune-abandoned.ts';
import { toFieldSet } from './fields/to-field-set.ts';
import { checkTyped, TypedValueError } from './fields/typed-value.ts';
import { zeroValue } from './fields/zero-value.ts';
import { clone, isObject, type JsonObject, sameJson } from './json.ts';
import type { Schema } from './schema.ts';

/** What every write of an object says about itself. */
interface Write {
  /** The field manager (`fieldManager`, or the first word of the user agent). */
  readonly manager: string;
  /** Of the whole object with metadata: `builtinSchema()`, or `customResourceSchema()` of a CRD's schema. */
  readonly schema: Schema;
  /** The version of the request, such as `apps/v1`. */
  readonly apiVersion: string;
  /** `status`, `scale`; undefined or empty for the resource itself. */
  readonly subresource?: string | undefined;
  /** The time of the write, RFC 3339 to the second. */
  readonly time: string;
  /**
   * Paths that this endpoint never writes, so nobody owns them through it (the registry's reset fields). Without it,
   * the resource itself leaves `status` alone, and its status subresource everything but status.
   */
  readonly resetFields?: readonly (readonly string[])[] | undefined;
}

export interface ApplyRequest extends Write {
  /** The stored object with its managedFields; undefined when the apply creates it. */
  readonly live?: JsonObject | undefined;
  /** The applied configuration, as the client sent it. */
  readonly applied: JsonObject;
  readonly force?: boolean | undefined;
}

export type { Conflict };

export interface ApplyResult {
  /** The merged object with new managedFields, before defaulting. When there are conflicts: the live one. */
  readonly object: JsonObject;
  /** Empty when the apply succeeded. */
  readonly conflicts: readonly Conflict[];
  /** The message of the 409, when there are conflicts. */
  readonly conflictMessage?: string;
}

export interface UpdateRequest extends Write {
  /** The stored object; undefined on create. */
  readonly before?: JsonObject | undefined;
  /** The object to store, defaulted; its managedFields are what the client sent (or live ones). */
  readonly after: JsonObject;
  /** @defaultValue 'Update' */
  readonly operation?: 'Update';
}

/** An apply request that cannot be carried out at all. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
  /** The HTTP status that the real server answers: 400, or 500 for configurations that do not fit the schema. */
  readonly status: 400 | 500;

  constructor(status: 400 | 500, message: string) {
    super(message);
    this.status = status;
  }
}

/** Fields that every write changes and nobody owns. */
const NEVER_OWNED = fieldSetOf(
  [
    ['apiVersion'],
    ['kind'],
    ['metadata'],
    ...[
      'name',
      'namespace',
      'creationTimestamp',
      'selfLink',
      'uid',
      'clusterName',
      'generation',
      'managedFields',
    ].map((name) => ['metadata', name]),
    ['metadata', 'resourceVersion'],
  ].map((path) => path.map(memberElement)),
);

/**
 * Server-side apply: merges a configuration into the live object, removes what the manager applied before and no
 * longer does (unless somebody else owns it), and writes down who owns what.
 *
 * @throws ApplyError when the configuration is not one
 */
export function apply(request: ApplyRequest): ApplyResult {
  const { schema, manager, apiVersion, subresource, time, force = false } = request;
  const applied = checkApplied(request);
  const live = withoutManagedFields(request.live ?? emptyObject(request, applied));
  const managers = new Map(managersBeforeApply(request, live));
  const before: Managers = new Map(managers);

  const self: Manager = {
    name: manager,
    operation: 'Apply',
    apiVersion,
    subresource: subresource || undefined,
    fields: EMPTY_FIELD_SET,
  };
  const key = managerKey(self);
  const last = managers.get(key);
  const fields = recursiveDifference(toFieldSet(schema, applied), resetSet(request));
  managers.set(key, { ...self, time: last?.time, fields });

  const merged = mergeApply(schema, live, applied);
  const object = objectOf(
    pruneAbandoned({ schema, merged, managers, last: last?.fields ?? EMPTY_FIELD_SET }),
  );
  const changes = excluding(compare(schema, live, object), resetSet(request));
  const conflicts = force ? [] : refusedConflicts(request, live, conflictsWith(managers, changes, key));
  if (conflicts.length > 0) {
    const causes = conflicts.map(conflictCause);
    return { object: request.live ?? {}, conflicts: causes, conflictMessage: conflictMessage(conflicts) };
  }
  takeFrom(managers, changes, key);
  const changed = !sameJson(live, object);
  const mine = difference(fields, NEVER_OWNED);
  if (isEmptySet(mine)) managers.delete(key);
  else managers.set(key, { ...self, time: changed ? time : before.get(key)?.time, fields: mine });
  const written = manager === KUBECTL ? withLastApplied(object, applied) : object;
  return { object: withManagers(written, managers), conflicts: [] };
}

/** When kubectl comes back with server-side apply, what it applied client-side is its own. */
function refusedConflicts(
  request: ApplyRequest,
  live: JsonObject,
  conflicts: ManagerConflict[],
): ManagerConflict[] {
  if (request.manager !== KUBECTL || conflicts.length === 0) return conflicts;
  const own = appliedClientSide(request.schema, live);
  return conflicts.filter(({ path }) => !hasPath(own, path));
}

/**
 * Writes down what an ordinary write (create, update, any patch but apply) took ownership of.
 *
 * @returns the object with its new managedFields; a write that changes nothing keeps the old ones
 */
export function trackUpdate(request: UpdateRequest): JsonObject {
  const { schema, manager, apiVersion, subresource, time } = request;
  const after = withoutManagedFields(request.after);
  const before = withoutManagedFields(request.before ?? emptyObject(request, request.after));
  const managers = new Map(managersOfUpdate(request));
  // An object whose owners were wiped out (`managedFields: [{}]`) stays without until it is applied to.
  if (managers.size === 0 && request.before !== undefined) return after;

  let changes: Comparison;
  try {
    changes = excluding(compare(schema, before, after), resetSet(request));
  } catch {
    // Lists whose items cannot be told apart: the real server keeps the owners as they were.
    return withManagers(after, managers);
  }
  takeFrom(managers, changes, undefined);
  const taken = difference(union(changes.modified, changes.added), NEVER_OWNED);
  if (!isEmptySet(taken)) {
    const self: Manager = {
      name: manager,
      operation: 'Update',
      apiVersion,
      subresource: subresource || undefined,
      time,
      fields: taken,
    };
    const key = managerKey(self);
    managers.set(key, { ...self, fields: union(taken, managers.get(key)?.fields ?? EMPTY_FIELD_SET) });
  }
  capUpdateManagers(managers);
  return keepTimes(request.before, withManagers(after, managers));
}

/**
 * When a write changed nothing but the times in managedFields, the old object with its old times, so that it is seen
 * as the no-op that it is. Apply needs it after defaulting: `keepTimes(live, defaulted)`.
 */
export function keepTimes(before: JsonObject | undefined, after: JsonObject): JsonObject {
  if (before === undefined || !sameJson(withoutTimes(before), withoutTimes(after))) return after;
  return { ...after, metadata: { ...objectOf(after['metadata']), managedFields: managedFieldsOf(before) } };
}

function checkApplied(request: ApplyRequest): JsonObject {
  const { applied, apiVersion, schema } = request;
  if (applied['apiVersion'] !== apiVersion) {
    const sent = applied['apiVersion'];
    throw new ApplyError(
      400,
      `Incorrect version specified in apply patch. Specified patch version: ${sent}, expected: ${apiVersion}`,
    );
  }
  const metadata = objectOf(applied['metadata']);
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) {
    throw new ApplyError(400, 'metadata.managedFields must be nil');
  }
  try {
    checkTyped(schema, applied);
  } catch (error) {
    if (!(error instanceof TypedValueError)) throw error;
    throw new ApplyError(500, `failed to create typed patch object (${identity(applied)}): ${error.message}`);
  }
  return clone(applied);
}

/** Namespace and name as the client wrote them, then the Go form of group, version and kind. */
function identity(object: JsonObject): string {
  const { namespace = '', name = '' } = objectOf(object['metadata']);
  const version = String(object['apiVersion']);
  return `${namespace}/${name}; ${version.includes('/') ? version : `/${version}`}, Kind=${object['kind']}`;
}

function emptyObject(write: Write, like: JsonObject): JsonObject {
  return { ...zeroValue(write.schema), apiVersion: write.apiVersion, kind: like['kind'] };
}

function resetSet(write: Write): FieldSet {
  const paths =
    write.resetFields ??
    (write.subresource === 'status' ? [['spec'], ['metadata']] : write.subresource ? [] : [['status']]);
  return fieldSetOf(paths.map((path) => path.map(memberElement)));
}

function excluding(changes: Comparison, reset: FieldSet): Comparison {
  return {
    added: recursiveDifference(changes.added, reset),
    modified: recursiveDifference(changes.modified, reset),
    removed: recursiveDifference(changes.removed, reset),
  };
}

/** An object that was never applied to and has no owners gets one for all that it holds. */
function managersBeforeApply(request: ApplyRequest, live: JsonObject): Managers {
  const managers = parseManagers(managedFieldsOf(request.live));
  if (managers.size > 0 || request.live === undefined) return managers;
  const changes = compare(request.schema, emptyObject(request, live), live);
  const fields = difference(
    recursiveDifference(union(changes.added, changes.modified), resetSet(request)),
    NEVER_OWNED,
  );
  const owner: Manager = {
    name: 'before-first-apply',
    operation: 'Update',
    apiVersion: request.apiVersion,
    subresource: request.subresource || undefined,
    time: request.time,
    fields,
  };
  return isEmptySet(fields) ? managers : new Map([[managerKey(owner), owner]]);
}

/** The managers that the client sent, if it changed them on purpose; otherwise those of the stored object. */
function managersOfUpdate(request: UpdateRequest): Managers {
  const sent = managedFieldsOf(request.after);
  if (!request.subresource) {
    if (Array.isArray(sent) && sent.length === 1 && sameJson(sent[0], {})) return new Map();
    const managers = readable(sent);
    if (managers.size > 0) return managers;
  }
  return readable(managedFieldsOf(request.before));
}

function readable(managedFields: unknown): Managers {
  try {
    return parseManagers(managedFields);
  } catch {
    return new Map();
  }
}

/** Everybody but the writer loses what the write changed or removed. */
function takeFrom(managers: Map<string, Manager>, changes: Comparison, self: string | undefined): void {
  const lost = union(union(changes.modified, changes.added), changes.removed);
  for (const [key, manager] of managers) {
    if (key === self) continue;
    const fields = difference(manager.fields, lost);
    if (isEmptySet(fields)) managers.delete(key);
    else managers.set(key, { ...manager, fields });
  }
}

function managedFieldsOf(object: JsonObject | undefined): unknown {
  return objectOf(object?.['metadata'])['managedFields'];
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function withoutManagedFields(object: JsonObject): JsonObject {
  if (!isObject(object['metadata'])) return object;
  const { managedFields: _, ...metadata } = object['metadata'];
  return { ...object, metadata };
}

function withManagers(object: JsonObject, managers: Managers): JsonObject {
  const managedFields = formatManagers(managers);
  if (managedFields.length === 0) return object;
  return { ...object, metadata: { ...objectOf(object['metadata']), managedFields } };
}

function withoutTimes(object: JsonObject): JsonObject {
  const managedFields = managedFieldsOf(object);
  if (!Array.isArray(managedFields)) return object;
  const timeless = managedFields.map((entry) => (isObject(entry) ? { ...entry, time: undefined } : entry));
  const { resourceVersion: _, ...metadata } = objectOf(object['metadata']);
  return { ...object, metadata: { ...metadata, managedFields: clone(timeless) } };
}
