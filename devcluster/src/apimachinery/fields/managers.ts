import { canonicalJson, compareText, isObject, type JsonObject } from '../json.ts';
import { type FieldSet, isEmptySet } from './field-set.ts';
import { formatFieldsV1, parseFieldsV1 } from './fields-v1.ts';

export type Operation = 'Apply' | 'Update';

/** One owner of fields: an entry of `metadata.managedFields`, read. */
export interface Manager {
  readonly name: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  /** RFC 3339, to the second. An apply that changed nothing leaves none. */
  readonly time?: string | undefined;
  readonly subresource?: string | undefined;
  readonly fields: FieldSet;
}

/** Managers by identity (see {@link managerKey}). */
export type Managers = ReadonlyMap<string, Manager>;

/** What makes two entries the same manager. Appliers keep their entry when they move to another version. */
export function managerKey(manager: Omit<Manager, 'fields' | 'time'>): string {
  const { name, operation, apiVersion, subresource = '' } = manager;
  return canonicalJson([name, operation, operation === 'Apply' ? '' : apiVersion, subresource]);
}

/** @throws TypeError when an entry is not one that a server wrote */
export function parseManagers(managedFields: unknown): Managers {
  const managers = new Map<string, Manager>();
  for (const entry of Array.isArray(managedFields) ? managedFields : []) {
    if (!isObject(entry)) throw new TypeError('managedFields has an entry that is not an object');
    const { operation } = entry;
    if (operation !== 'Apply' && operation !== 'Update') {
      throw new TypeError(`managedFields has the unknown operation ${JSON.stringify(operation)}`);
    }
    const manager: Manager = {
      name: text(entry['manager']) ?? '',
      operation,
      apiVersion: text(entry['apiVersion']) ?? '',
      time: text(entry['time']),
      subresource: text(entry['subresource']),
      fields: parseFieldsV1(entry['fieldsV1'] ?? {}),
    };
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Appliers first, then by time (none is oldest), name, version and subresource. */
export function formatManagers(managers: Managers): JsonObject[] {
  return [...managers.values()]
    .filter((manager) => !isEmptySet(manager.fields))
    .sort(
      (a, b) =>
        compareText(a.operation, b.operation) ||
        compareText(a.time ?? '', b.time ?? '') ||
        compareText(a.name, b.name) ||
        compareText(a.apiVersion, b.apiVersion) ||
        compareText(a.subresource ?? '', b.subresource ?? ''),
    )
    .map((manager) => ({
      ...(manager.name !== '' && { manager: manager.name }),
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(manager.time !== undefined && { time: manager.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: formatFieldsV1(manager.fields),
      ...(manager.subresource !== undefined && { subresource: manager.subresource }),
    }));
}

/** The manager as conflict messages name it: `"a" with subresource "scale" using apps/v1`. */
export function managerText(manager: Manager): string {
  const subresource =
    manager.subresource === undefined ? '' : ` with subresource ${JSON.stringify(manager.subresource)}`;
  const version = manager.operation === 'Update' ? ` using ${manager.apiVersion}` : '';
  return `${JSON.stringify(manager.name)}${subresource}${version}`;
}
