import type { KubeObject } from '../object.ts';
import type { TableColumn, TableDefinition } from '../resources/resource.ts';
import { age } from './age.ts';
import { NAME_COLUMN } from './name-column.ts';

/** One column of a built-in kind: its title, and how its cell comes from the object. */
export interface Column {
  name: string;
  cell(object: KubeObject, now: number): unknown;
  type?: string;
  /** Only shown with `-o wide`. */
  wide?: boolean;
}

export const AGE: Column = {
  name: 'Age',
  cell: (object, now) => age(object.metadata.creationTimestamp, now),
};

function toColumn({ name, type, wide }: Column): TableColumn {
  return { name, type: type ?? 'string', format: '', description: '', priority: wide === true ? 1 : 0 };
}

/** A table with the name first. */
export function table(columns: Column[]): TableDefinition {
  return {
    columns: [NAME_COLUMN, ...columns.map(toColumn)],
    cells: (object, now) => [object.metadata.name, ...columns.map((column) => column.cell(object, now))],
  };
}

export const NONE = '<none>';

export function orNone(text: string): string {
  return text === '' ? NONE : text;
}
