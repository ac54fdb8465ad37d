import { type FieldError, invalidValue, notSupported, requiredValue } from '../field-error.ts';
import { isObject, type JsonObject, own, sameJson } from '../json.ts';
import type { Schema } from '../schema.ts';
import { validateSchemaDefinition } from '../structural.ts';
import { isDns1035Label, nameErrors } from './definition-names.ts';
import { columnErrors, scaleErrors, selectableFieldErrors } from './version-features.ts';

/**
 * Validates a CustomResourceDefinition, all but its metadata. `status.storedVersions` has to hold the storage
 * version already, which the registry sees to before it validates.
 *
 * @param old the stored definition, on updates: group, plural, and (once established) kind and scope stay
 */
export function validateCustomResourceDefinition(crd: JsonObject, old?: JsonObject): FieldError[] {
  const spec = objectAt(crd, 'spec');
  return [
    ...(old === undefined ? definitionNameErrors(crd, spec) : []),
    ...specErrors(spec),
    ...(old === undefined ? [] : immutabilityErrors(spec, old)),
    ...storedVersionErrors(spec, objectAt(crd, 'status')['storedVersions']),
    ...preserveErrors(spec),
  ];
}

function objectAt(value: unknown, key: string): JsonObject {
  const found = isObject(value) ? own(value, key) : undefined;
  return isObject(found) ? found : {};
}

function textAt(value: unknown, key: string): string {
  const found = isObject(value) ? own(value, key) : undefined;
  return typeof found === 'string' ? found : '';
}

function versionsOf(spec: JsonObject): JsonObject[] {
  const { versions } = spec;
  return Array.isArray(versions) ? versions.filter(isObject) : [];
}

function definitionNameErrors(crd: JsonObject, spec: JsonObject): FieldError[] {
  const name = textAt(crd['metadata'], 'name');
  if (name === '' || name === `${textAt(spec['names'], 'plural')}.${textAt(spec, 'group')}`) return [];
  return [invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group')];
}

function specErrors(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const group = textAt(spec, 'group');
  if (group === '') errors.push(requiredValue('spec.group'));
  else if (!group.includes('.')) {
    errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  }
  const scope = textAt(spec, 'scope');
  if (scope === '') errors.push(requiredValue('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') {
    errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
  return [
    ...errors,
    ...versionListErrors(spec),
    ...nameErrors(objectAt(spec, 'names')),
    ...versionFeatureErrors(spec),
  ];
}

function versionListErrors(spec: JsonObject): FieldError[] {
  const versions = versionsOf(spec);
  const errors: FieldError[] = [];
  for (const [i, version] of versions.entries()) {
    if (!isObject(objectAt(version, 'schema')['openAPIV3Schema'])) {
      errors.push(requiredValue(`spec.versions[${i}].schema.openAPIV3Schema`));
    }
    const problem = isDns1035Label(textAt(version, 'name'));
    if (problem !== undefined)
      errors.push(invalidValue(`spec.versions[${i}].name`, textAt(version, 'name'), problem));
  }
  const shown = versions.map(goVersion);
  if (new Set(versions.map((version) => version['name'])).size < versions.length) {
    errors.push(invalidValue('spec.versions', shown, 'must contain unique version names'));
  }
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    const detail = 'must have exactly one version marked as storage version';
    errors.push(invalidValue('spec.versions', shown, detail));
  }
  return errors;
}

/** A version as Go writes the internal type, in which the schema stands elsewhere. */
function goVersion(version: JsonObject): JsonObject {
  return {
    Name: version['name'] ?? '',
    Served: version['served'] ?? false,
    Storage: version['storage'] ?? false,
    Deprecated: version['deprecated'] ?? false,
    DeprecationWarning: version['deprecationWarning'] ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  };
}

/**
 * Schema, columns, subresources and selectable fields. Kubernetes validates its internal form, in which what all
 * versions share stands once, at the top; the paths in its errors say so.
 */
function versionFeatureErrors(spec: JsonObject): FieldError[] {
  const versions = versionsOf(spec);
  const [first] = versions;
  if (first === undefined) return [];
  const shared = (key: string) => versions.every((version) => sameJson(version[key], first[key]));
  const errors: FieldError[] = [];
  for (const [i, version] of versions.entries()) {
    const at = (key: string, path: string) => (shared(key) ? path : `spec.versions[${i}].${key}`);
    const wanted = (key: string) => version[key] !== undefined && (i === 0 || !shared(key));
    const schema = objectAt(version, 'schema')['openAPIV3Schema'] as Schema | undefined;
    if (wanted('schema') && isObject(schema)) {
      errors.push(...validateSchemaDefinition(schema, `${at('schema', 'spec.validation')}.openAPIV3Schema`));
    }
    if (wanted('subresources')) {
      errors.push(...scaleErrors(version['subresources'], at('subresources', 'spec.subresources')));
    }
    if (wanted('additionalPrinterColumns')) {
      const path = at('additionalPrinterColumns', 'spec.additionalPrinterColumns');
      errors.push(...columnErrors(version['additionalPrinterColumns'], path));
    }
    if (wanted('selectableFields')) {
      const path = at('selectableFields', 'spec.selectableFields');
      errors.push(...selectableFieldErrors(version['selectableFields'], schema ?? {}, path));
    }
    errors.push(...deprecationErrors(version, `spec.versions[${i}].deprecationWarning`));
  }
  return errors;
}

function deprecationErrors(version: JsonObject, path: string): FieldError[] {
  const warning = version['deprecationWarning'];
  if (typeof warning !== 'string') return [];
  if (version['deprecated'] !== true)
    return [invalidValue(path, warning, 'can only be set for deprecated versions')];
  if (warning === '') return [invalidValue(path, warning, 'must not be an empty string')];
  return warning.length > 256 ? [invalidValue(path, warning, 'must be <= 256 characters long')] : [];
}

function immutabilityErrors(spec: JsonObject, old: JsonObject): FieldError[] {
  const before = objectAt(old, 'spec');
  const conditions = objectAt(old, 'status')['conditions'];
  const established =
    Array.isArray(conditions) &&
    conditions.some((one) => textAt(one, 'type') === 'Established' && textAt(one, 'status') === 'True');
  const names = (of: JsonObject) => objectAt(of, 'names');
  const kept: [string, unknown, unknown][] = [
    ...(established
      ? ([
          ['spec.scope', spec['scope'], before['scope']],
          ['spec.names.kind', names(spec)['kind'], names(before)['kind']],
        ] as [string, unknown, unknown][])
      : []),
    ['spec.group', spec['group'], before['group']],
    ['spec.names.plural', names(spec)['plural'], names(before)['plural']],
  ];
  return kept
    .filter(([, now, then]) => now !== then)
    .map(([path, now]) => invalidValue(path, now, 'field is immutable'));
}

function storedVersionErrors(spec: JsonObject, storedVersions: unknown): FieldError[] {
  const path = 'status.storedVersions';
  const stored = Array.isArray(storedVersions) ? storedVersions : [];
  if (stored.length === 0) return [invalidValue(path, null, 'must have at least one stored version')];
  const versions = versionsOf(spec);
  const errors = versions
    .filter((version) => version['storage'] === true && !stored.includes(version['name']))
    .map((version) => invalidValue(path, stored, `must have the storage version ${version['name']}`));
  for (const [i, name] of stored.entries()) {
    if (versions.some((version) => version['name'] === name)) continue;
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalidValue(`${path}[${i}]`, name, detail));
  }
  return errors;
}

function preserveErrors(spec: JsonObject): FieldError[] {
  if (spec['preserveUnknownFields'] !== true) return [];
  const detail =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  return [invalidValue('spec.preserveUnknownFields', true, detail)];
}
