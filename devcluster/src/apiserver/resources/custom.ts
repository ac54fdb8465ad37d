import type { Schema } from '../../apimachinery/schema.ts';
import { compareVersions } from '../discovery/versions.ts';
import { isObject, type JsonObject, type KubeObject, listAt, member, objectAt, stringAt } from '../object.ts';
import { customTable } from '../tables/custom.ts';
import { ALL_VERBS } from './builtin-table.ts';
import type { Resource, ScalePaths, Subresource } from './resource.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

const STATUS: Subresource = { name: 'status', verbs: ['get', 'patch', 'update'] };
const SCALE: Subresource = {
  name: 'scale',
  verbs: ['get', 'patch', 'update'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};

export function conditionOf(object: KubeObject, type: string): JsonObject | undefined {
  return listAt(object, 'status', 'conditions').find(
    (condition): condition is JsonObject => isObject(condition) && condition['type'] === type,
  );
}

export function isEstablished(definition: KubeObject): boolean {
  return conditionOf(definition, 'Established')?.['status'] === 'True';
}

function strings(list: unknown[]): string[] {
  return list.filter((entry): entry is string => typeof entry === 'string');
}

function scaleOf(version: JsonObject): ScalePaths | undefined {
  const scale = member(version, 'subresources', 'scale');
  if (!isObject(scale)) return undefined;
  const selector = stringAt(scale, 'labelSelectorPath');
  return {
    specReplicasPath: stringAt(scale, 'specReplicasPath') ?? '.spec.replicas',
    statusReplicasPath: stringAt(scale, 'statusReplicasPath') ?? '.status.replicas',
    ...(selector === undefined ? {} : { labelSelectorPath: selector }),
  };
}

/** Points to the newest stable version that is served and not deprecated. */
function deprecation(definition: KubeObject, group: string, name: string, kind: string): string {
  const usable = listAt(definition, 'spec', 'versions')
    .filter((v): v is JsonObject => isObject(v) && v['served'] === true && v['deprecated'] !== true)
    .map((v) => stringAt(v, 'name') ?? '')
    .sort(compareVersions)[0];
  const old = `${group}/${name} ${kind} is deprecated`;
  return usable === undefined || compareVersions(usable, name) > 0
    ? old
    : `${old}; use ${group}/${usable} ${kind}`;
}

function selectableFields(paths: string[], object: KubeObject): Record<string, string> {
  return Object.fromEntries(
    paths.map((path) => {
      const field = path.replace(/^\./, '');
      const value = member(object, ...field.split('.'));
      return [field, value === undefined || value === null ? '' : String(value)];
    }),
  );
}

function versionResource(definition: KubeObject, version: JsonObject, storageVersion: string): Resource {
  const spec = objectAt(definition, 'spec');
  // The accepted names, which are those of the spec unless another CRD has taken them.
  const names = objectAt(definition, 'status', 'acceptedNames');
  const group = stringAt(spec, 'group') ?? '';
  const kind = stringAt(names, 'kind') ?? '';
  const name = stringAt(version, 'name') ?? '';
  const hasStatus = isObject(member(version, 'subresources', 'status'));
  const scale = scaleOf(version);
  const selectable = listAt(version, 'selectableFields').flatMap(
    (field) => stringAt(field, 'jsonPath') ?? [],
  );
  const schema = member(version, 'schema', 'openAPIV3Schema');
  const warning = stringAt(version, 'deprecationWarning') ?? deprecation(definition, group, name, kind);
  return {
    group,
    version: name,
    kind,
    plural: stringAt(names, 'plural') ?? '',
    singular: stringAt(names, 'singular') ?? kind.toLowerCase(),
    listKind: stringAt(names, 'listKind') ?? `${kind}List`,
    namespaced: stringAt(spec, 'scope') === 'Namespaced',
    shortNames: strings(listAt(names, 'shortNames')),
    categories: strings(listAt(names, 'categories')),
    verbs: ALL_VERBS,
    subresources: [...(hasStatus ? [STATUS] : []), ...(scale === undefined ? [] : [SCALE])],
    collection: `${stringAt(names, 'plural')}.${group}`,
    storageGroup: group,
    schema: isObject(schema) ? (schema as Schema) : undefined,
    rules: {
      selectableFields: (object) => selectableFields(selectable, object),
      table: customTable(version),
    },
    generation: hasStatus ? 'spec' : 'all',
    hasStatus,
    custom: {
      definition,
      storageVersion,
      ...(version['deprecated'] === true ? { deprecationWarning: warning } : {}),
      ...(scale === undefined ? {} : { scale }),
      preserveUnknownFields: spec['preserveUnknownFields'] === true,
      selectableFields: selectable,
      version,
    },
  };
}

/** The resources that a CRD defines: one for each version that is served. */
export function customResources(definition: KubeObject): Resource[] {
  const versions = listAt(definition, 'spec', 'versions').filter(isObject);
  const storageVersion =
    stringAt(
      versions.find((version) => version['storage'] === true),
      'name',
    ) ?? '';
  return versions
    .filter((version) => version['served'] === true)
    .map((version) => versionResource(definition, version, storageVersion));
}
