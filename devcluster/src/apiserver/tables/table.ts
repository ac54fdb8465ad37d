import type { JsonObject, KubeObject } from '../object.ts';
import type { Resource, TableDefinition } from '../resources/resource.ts';
import { CREATED_DESCRIPTION, NAME_COLUMN } from './name-column.ts';

export interface TableOptions {
  metadata: JsonObject;
  /** `None`, `Metadata` (the default) or `Object`. */
  includeObject: string;
  now: number;
  headers: boolean;
}

/** Kinds without columns of their own show their name and when they were made. */
const DEFAULT_TABLE: TableDefinition = {
  columns: [
    NAME_COLUMN,
    { name: 'Created At', type: 'date', format: '', description: CREATED_DESCRIPTION, priority: 0 },
  ],
  cells: (object) => [object.metadata.name, object.metadata.creationTimestamp ?? ''],
};

export function tableOf(resource: Resource, items: readonly KubeObject[], options: TableOptions): JsonObject {
  const definition = resource.rules.table ?? DEFAULT_TABLE;
  const rows = items.map((item) => ({
    cells: definition.cells(item, options.now),
    ...rowObject(item, options.includeObject),
  }));
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: options.headers ? definition.columns : null,
    rows: rows.length === 0 && definition === DEFAULT_TABLE ? null : rows,
  };
}

function rowObject(item: KubeObject, include: string): JsonObject {
  if (include === 'None') return { object: null };
  if (include === 'Object') return { object: item };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: item.metadata } };
}
