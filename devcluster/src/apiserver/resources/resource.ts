import type { Schema } from '../../apimachinery/schema.ts';
import type { ServerContext } from '../context.ts';
import type { FieldError } from '../errors.ts';
import type { JsonObject, KubeObject } from '../object.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface TableColumn {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}

export interface TableDefinition {
  columns: TableColumn[];
  cells(object: KubeObject, now: number): unknown[];
}

/** What is particular to a kind. Every hook is optional; drafts may be changed, old objects never. */
export interface KindRules {
  /** Fills in defaults, as decoding does: on every write, before validation. */
  defaults?(draft: KubeObject): void;
  /** Server-set fields of a new object. */
  prepareCreate?(draft: KubeObject, context: ServerContext): void;
  /** Server-set fields of a changed object. */
  prepareUpdate?(draft: KubeObject, old: KubeObject, subresource: string): void;
  /** Takes what is given out once, such as cluster IPs, when the object is known to be good. */
  allocate?(draft: KubeObject, old: KubeObject | undefined, context: ServerContext): void;
  validate?(object: KubeObject): FieldError[];
  validateUpdate?(object: KubeObject, old: KubeObject): FieldError[];
  validateStatus?(object: KubeObject, old: KubeObject): FieldError[];
  /** Problems of a name; `prefix` when it is a generateName. */
  nameProblems?(name: string, prefix: boolean): string[];
  /** Fields beside metadata.name and metadata.namespace that a field selector may use. */
  selectableFields?(object: KubeObject): Record<string, string>;
  warnings?(object: KubeObject, old: KubeObject | undefined): string[];
  /** Seconds that a deleted object stays; only pods have any. */
  graceSeconds?(object: KubeObject, requested: number | undefined): number;
  table?: TableDefinition;
  /** Whether an update may come without a resourceVersion; custom resources and a few others insist on one. */
  unconditionalUpdate?: boolean;
  /** What a deleted object that waits for something looks like, in place of everything else a deletion does. */
  markDeleted?(object: KubeObject, now: Date): KubeObject;
}

export interface Subresource {
  name: string;
  verbs: Verb[];
  /** What it reads and writes, when that is another kind than its resource's. */
  kind?: { group: string; version: string; kind: string };
}

/** How a custom resource's replica counts are found. */
export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** One resource in one version, built-in or custom. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  verbs: Verb[];
  subresources: Subresource[];
  /** Objects of all versions live in this collection. */
  collection: string;
  /** Prefix below /registry in etcd; some messages show it. */
  storageGroup: string;
  schema: Schema | undefined;
  rules: KindRules;
  /** metadata.generation counts changes: of everything, of all but status, or not at all. */
  generation: 'none' | 'spec' | 'all';
  hasStatus: boolean;
  custom?: CustomFacts;
  /** From and to the version that is stored; absent when they are the same but for apiVersion. */
  convert?: { toStorage(object: KubeObject): KubeObject; fromStorage(object: KubeObject): KubeObject };
}

export interface CustomFacts {
  definition: KubeObject;
  storageVersion: string;
  deprecationWarning?: string;
  scale?: ScalePaths;
  preserveUnknownFields: boolean;
  selectableFields: string[];
  version: JsonObject;
}
