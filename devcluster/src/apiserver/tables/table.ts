import type { JsonObject, KubeObject } from '../object.ts';
import type { Resource, TableDefinition } from '../resources/resource.ts';

export interface TableOptions {
  metadata: JsonObject;
  /** `None`, `Metadata` (the default) or `Object`. */
  includeObject: string;
  now: number;
  headers: boolean;
}

const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow ' +
  'a client to request the generation of an appropriate name automatically. Name is primarily intended for creation ' +
  'idempotence and configuration definition. Cannot be updated. More info: ' +
  'https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';

export const CREATED_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed ' +
  'to be set in happens-before order across separate operations. Clients may not set this value. It is represented ' +
  'in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: ' +
  'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

export const NAME_COLUMN = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: NAME_DESCRIPTION,
  priority: 0,
};

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
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: options.headers ? definition.columns : null,
    rows: items.map((item) => ({
      cells: definition.cells(item, options.now),
      ...rowObject(item, options.includeObject),
    })),
  };
}

function rowObject(item: KubeObject, include: string): JsonObject {
  if (include === 'None') return { object: null };
  if (include === 'Object') return { object: item };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: item.metadata } };
}
