import { forbidden, invalidValue, requiredValue } from '../../apimachinery/field-error.ts';
import type { FieldError } from '../errors.ts';
import { type KubeObject, type ObjectMeta, sameJson } from '../object.ts';
import type { Resource } from '../resources/resource.ts';
import { dnsSubdomain, labelValue, qualifiedName } from './names.ts';

const STANDARD_FINALIZERS = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);
const MAX_ANNOTATION_BYTES = 256 * 1024;

export function labelProblems(labels: Record<string, string> | undefined, field: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedName(key).map((problem) => invalidValue(field, key, problem)),
    ...labelValue(value).map((problem) => invalidValue(field, value, problem)),
  ]);
}

function annotationProblems(annotations: Record<string, string> | undefined): FieldError[] {
  const field = 'metadata.annotations';
  const entries = Object.entries(annotations ?? {});
  const size = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    // Upper case is allowed in the prefix of an annotation.
    ...entries.flatMap(([key]) =>
      qualifiedName(key.toLowerCase()).map((problem) => invalidValue(field, key, problem)),
    ),
    ...(size > MAX_ANNOTATION_BYTES
      ? [
          {
            reason: 'FieldValueTooLong' as const,
            field,
            message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`,
          },
        ]
      : []),
  ];
}

function finalizerProblems(finalizers: string[] | undefined): FieldError[] {
  const field = 'metadata.finalizers';
  return (finalizers ?? []).flatMap((name, i) => [
    ...qualifiedName(name).map((problem) => invalidValue(field, name, problem)),
    ...(name.includes('/') || STANDARD_FINALIZERS.has(name)
      ? []
      : [
          invalidValue(
            `${field}[${i}]`,
            name,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ]),
  ]);
}

function ownerProblems(metadata: ObjectMeta): FieldError[] {
  const owners = metadata.ownerReferences ?? [];
  const field = 'metadata.ownerReferences';
  const problems = owners.flatMap((owner) => {
    const missing = (['apiVersion', 'kind', 'name', 'uid'] as const).filter(
      (key) => (owner[key] ?? '') === '',
    );
    return missing.map((key) =>
      invalidValue(
        `${field}.${key}`,
        '',
        key === 'apiVersion' ? 'version must not be empty' : 'must not be empty',
      ),
    );
  });
  const controllers = owners.filter((owner) => owner.controller === true);
  const [first, second] = controllers;
  if (first !== undefined && second !== undefined) {
    problems.push(
      invalidValue(
        field,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`,
      ),
    );
  }
  return problems;
}

function nameProblems(resource: Resource, metadata: ObjectMeta): FieldError[] {
  const rule = resource.rules.nameProblems ?? dnsSubdomain;
  const problems: FieldError[] = [];
  if (metadata.generateName !== undefined && metadata.generateName !== '') {
    problems.push(
      ...rule(metadata.generateName, true).map((p) =>
        invalidValue('metadata.generateName', metadata.generateName, p),
      ),
    );
  }
  if (metadata.name === '') {
    problems.push(requiredValue('metadata.name', 'name or generateName is required'));
  } else {
    problems.push(
      ...rule(metadata.name, false).map((problem) => invalidValue('metadata.name', metadata.name, problem)),
    );
  }
  return problems;
}

/** Everything about the metadata of a new object. */
export function metadataProblems(resource: Resource, metadata: ObjectMeta): FieldError[] {
  return [
    ...nameProblems(resource, metadata),
    ...labelProblems(metadata.labels, 'metadata.labels'),
    ...annotationProblems(metadata.annotations),
    ...ownerProblems(metadata),
    ...finalizerProblems(metadata.finalizers),
  ];
}

const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

function immutableProblems(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const problems = IMMUTABLE.filter((field) => !sameJson(metadata[field], old[field])).map((field) =>
    invalidValue(`metadata.${field}`, metadata[field], 'field is immutable'),
  );
  const added = (metadata.finalizers ?? []).filter((f) => !(old.finalizers ?? []).includes(f));
  if (old.deletionTimestamp !== undefined && added.length > 0) {
    const list = added.map((f) => JSON.stringify(f)).join(', ');
    problems.push(
      forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      ),
    );
  }
  return problems;
}

/**
 * Everything about the metadata of a changed object. Built-in kinds check what is immutable twice, once in general and
 * once themselves; clients see both causes.
 */
export function metadataUpdateProblems(
  resource: Resource,
  object: KubeObject,
  old: KubeObject,
): FieldError[] {
  const { metadata } = object;
  const general = [...immutableProblems(metadata, old.metadata)];
  const rest = [
    ...labelProblems(metadata.labels, 'metadata.labels'),
    ...annotationProblems(metadata.annotations),
    ...ownerProblems(metadata),
    ...finalizerProblems(metadata.finalizers),
  ];
  const all = [...general, ...rest];
  return resource.custom === undefined ? [...all, ...all] : all;
}
