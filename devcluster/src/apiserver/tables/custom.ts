import { isObject, type JsonObject, type KubeObject, listAt, numberAt, stringAt } from '../object.ts';
import type { TableColumn, TableDefinition } from '../resources/resource.ts';
import { age } from './age.ts';
import { compileJsonPath } from './json-path.ts';
import { CREATED_DESCRIPTION, NAME_COLUMN } from './name-column.ts';

interface PrinterColumn extends TableColumn {
  find(object: KubeObject): unknown[];
}

function toColumn(entry: JsonObject): PrinterColumn {
  const path = stringAt(entry, 'jsonPath') ?? '';
  return {
    name: stringAt(entry, 'name') ?? '',
    type: stringAt(entry, 'type') ?? 'string',
    format: stringAt(entry, 'format') ?? '',
    description:
      stringAt(entry, 'description') ?? `Custom resource definition column (in JSONPath format): ${path}`,
    priority: numberAt(entry, 'priority') ?? 0,
    find: compileJsonPath(path),
  };
}

const AGE_COLUMN: JsonObject = {
  name: 'Age',
  type: 'date',
  description: CREATED_DESCRIPTION,
  jsonPath: '.metadata.creationTimestamp',
};

/** The value in the type that the column announces; null when there is none of that type. */
function cell(column: PrinterColumn, object: KubeObject, now: number): unknown {
  const found = column.find(object);
  const [first] = found;
  if (first === undefined || first === null) return null;
  switch (column.type) {
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : null;
    case 'number':
      return typeof first === 'number' ? first : null;
    case 'boolean':
      return typeof first === 'boolean' ? first : null;
    case 'date':
      return typeof first === 'string' && !Number.isNaN(Date.parse(first)) ? age(first, now) : '<invalid>';
    default:
      return found.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(',');
  }
}

/** The columns that a version of a CRD asks for; Age when it asks for none. */
export function customTable(version: JsonObject): TableDefinition {
  const entries = listAt(version, 'additionalPrinterColumns').filter(isObject);
  const columns = (entries.length === 0 ? [AGE_COLUMN] : entries).map(toColumn);
  return {
    columns: [NAME_COLUMN, ...columns.map(({ find: _find, ...column }) => column)],
    cells: (object, now) => [object.metadata.name, ...columns.map((column) => cell(column, object, now))],
  };
}
