import type { Schema } from '../../apimachinery/schema.ts';
import { conversionFor } from '../kinds/index.ts';
import { builtinTable } from '../tables/builtin.ts';
import { ALL_VERBS, BUILTIN, type BuiltinEntry } from './builtin-table.ts';
import type { KindRules, Resource } from './resource.ts';

type SchemaOf = (apiVersion: string, kind: string) => Schema | undefined;
type RulesOf = (group: string, version: string, kind: string) => KindRules;

function toResource(entry: BuiltinEntry, schemaOf: SchemaOf, rulesOf: RulesOf): Resource {
  const { group, version, kind, plural, namespaced } = entry;
  const table = builtinTable(group, kind);
  const convert = conversionFor(group, version, kind);
  return {
    group,
    version,
    kind,
    plural,
    namespaced,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: entry.shortNames ?? [],
    categories: entry.categories ?? [],
    verbs: entry.verbs ?? ALL_VERBS,
    subresources: entry.subresources ?? [],
    collection: entry.collection ?? (group === '' ? plural : `${plural}.${group}`),
    storageGroup: group,
    schema: schemaOf(group === '' ? version : `${group}/${version}`, kind),
    rules: { ...(table === undefined ? {} : { table }), ...rulesOf(group, version, kind) },
    generation: entry.generation ?? 'none',
    hasStatus: entry.status ?? false,
    ...(convert === undefined ? {} : { convert }),
  };
}

export function builtinResources(schemaOf: SchemaOf, rulesOf: RulesOf): Resource[] {
  return BUILTIN.map((entry) => toResource(entry, schemaOf, rulesOf));
}
