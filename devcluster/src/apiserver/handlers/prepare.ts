import { applyDefaults } from '../../apimachinery/defaulting.ts';
import { asGoWrites } from '../../apimachinery/fields/zero-value.ts';
import { keepTimes, trackUpdate } from '../../apimachinery/managed-fields.ts';
import { memberSchema } from '../../apimachinery/schema.ts';
import { validate } from '../../apimachinery/validate.ts';
import type { ResourceCall } from '../call.ts';
import { type ServerContext, timestamp } from '../context.ts';
import { fullSchema } from '../decode/strict.ts';
import { type FieldError, invalid } from '../errors.ts';
import { apiVersionOf, inWireOrder, isObject, type KubeObject, sameJson } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { metadataProblems, metadataUpdateProblems } from '../validation/metadata.ts';
import type { WriteOptions } from './write-options.ts';

/** Fills in what the kind or the CRD's schema says of missing fields. */
export function withDefaults(draft: KubeObject, resource: Resource): KubeObject {
  if (resource.custom !== undefined) {
    if (resource.schema === undefined) return draft;
    const { apiVersion, kind, metadata, ...rest } = draft;
    return { apiVersion, kind, metadata, ...(applyDefaults(resource.schema, rest) as object) };
  }
  resource.rules.defaults?.(draft);
  return draft;
}

/** What an endpoint never writes, so that nobody owns it through it. */
function resetFields(resource: Resource, subresource: string): string[][] {
  if (subresource === 'status') return [['spec'], ['metadata']];
  return resource.hasStatus ? [['status']] : [];
}

/** Writes down who owns what after an ordinary write. */
export function tracked(
  context: ServerContext,
  call: ResourceCall,
  { before, after, options }: { before: KubeObject | undefined; after: KubeObject; options: WriteOptions },
): KubeObject {
  const { resource, info } = call;
  const written = trackUpdate({
    ...(before === undefined ? {} : { before }),
    after,
    manager: options.fieldManager,
    schema: fullSchema(resource),
    apiVersion: apiVersionOf(resource.group, resource.version),
    subresource: info.subresource,
    time: timestamp(context.now()),
    resetFields: resetFields(resource, info.subresource),
  }) as KubeObject;
  return info.subresource === 'scale' ? withoutScaleTime(written) : written;
}

/** The real server writes no time for what was changed through a Scale. */
function withoutScaleTime(object: KubeObject): KubeObject {
  const managedFields = (object.metadata.managedFields ?? []).map((entry) => {
    if (!isObject(entry) || entry['subresource'] !== 'scale') return entry;
    const { time: _time, ...rest } = entry;
    return rest;
  });
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

/** The status of a new object, as Go writes it: nothing, or the members that are always there. */
export function emptyStatus(resource: Resource): unknown {
  if (resource.custom !== undefined || resource.schema?.alwaysPresent?.['status'] !== 'struct')
    return undefined;
  const schema = memberSchema(resource.schema, 'status');
  return schema === undefined ? {} : asGoWrites(schema, {});
}

export function setStatus(draft: KubeObject, status: unknown): void {
  if (status === undefined) delete draft['status'];
  else draft['status'] = status;
}

function schemaProblems(resource: Resource, object: KubeObject, old: KubeObject | undefined): FieldError[] {
  if (resource.custom === undefined || resource.schema === undefined) return [];
  return validate(resource.schema, object, old === undefined ? {} : { old });
}

/** A status is checked on its own: messages name fields from there, causes from the top. */
function statusProblems(resource: Resource, object: KubeObject, old: KubeObject): FieldError[] {
  const schema =
    resource.custom === undefined || resource.schema === undefined
      ? undefined
      : memberSchema(resource.schema, 'status');
  if (schema === undefined || object['status'] === undefined) return [];
  const found = validate(schema, object['status'], { old: old['status'] });
  return found.map((problem) => ({
    ...problem,
    field: problem.field === '<nil>' ? problem.field : `status.${problem.field}`,
  }));
}

/** Messages name the kind that is stored: events of both groups are events of the core group. */
function kindOf(resource: Resource): { group: string; kind: string } {
  return { group: resource.collection === 'events' ? '' : resource.group, kind: resource.kind };
}

/** @throws StatusError 422 with everything that is wrong with a new object */
export function checkNew(resource: Resource, object: KubeObject): void {
  const problems = [
    ...metadataProblems(resource, object.metadata),
    ...(resource.rules.validate?.(object) ?? []),
    ...schemaProblems(resource, object, undefined),
  ];
  if (problems.length > 0) throw invalid(kindOf(resource), object.metadata.name, problems);
}

/** @throws StatusError 422 with everything that is wrong with a changed object */
export function checkChanged(
  resource: Resource,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
): void {
  const inStatus = subresource === 'status';
  const problems = [
    ...metadataUpdateProblems(resource, object, old),
    ...((inStatus ? resource.rules.validateStatus?.(object, old) : changedProblems(resource, object, old)) ??
      []),
    ...(inStatus ? statusProblems(resource, object, old) : []),
  ];
  // Rules of the whole object are checked for a status, too, once that is valid itself.
  if (!inStatus || problems.length === 0) problems.push(...schemaProblems(resource, object, old));
  if (problems.length > 0) throw invalid(kindOf(resource), object.metadata.name, problems);
}

function changedProblems({ rules }: Resource, object: KubeObject, old: KubeObject): FieldError[] {
  return rules.validateUpdate?.(object, old) ?? rules.validate?.(object) ?? [];
}

/** What generation counts: of custom resources all but metadata (and status), of built-in kinds the spec. */
function counted(resource: Resource, object: KubeObject): unknown {
  if (resource.custom === undefined && resource.generation === 'spec') return object['spec'];
  const { metadata: _metadata, status, ...rest } = object;
  return resource.hasStatus ? rest : { ...rest, status };
}

export function bumpGeneration(resource: Resource, draft: KubeObject, old: KubeObject): void {
  if (resource.generation === 'none') return;
  if (!sameJson(counted(resource, draft), counted(resource, old))) {
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
}

/** The old object itself when nothing but times in managedFields would change. */
export function orUnchanged(draft: KubeObject, old: KubeObject): KubeObject {
  const kept = keepTimes(old, draft) as KubeObject;
  return sameJson(kept, old) ? old : inWireOrder(kept);
}

/** From the version of the request to the one that is stored. */
export function toStorage(object: KubeObject, resource: Resource): KubeObject {
  if (resource.convert !== undefined) return resource.convert.toStorage(object);
  const { custom } = resource;
  if (custom === undefined || custom.storageVersion === resource.version) return object;
  return { ...object, apiVersion: apiVersionOf(resource.group, custom.storageVersion) };
}
