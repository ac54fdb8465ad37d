import { union } from './field-set.ts';
import { type Manager, managerKey } from './managers.ts';

const MOST_UPDATE_MANAGERS = 10;

/** The oldest updaters beyond ten are merged into one, per version. */
export function capUpdateManagers(managers: Map<string, Manager>): void {
  const updaters = [...managers.entries()]
    .filter(([, manager]) => manager.operation === 'Update')
    .sort(([ka, a], [kb, b]) => (a.time ?? '').localeCompare(b.time ?? '') || (ka < kb ? -1 : 1));
  let excess = updaters.length - MOST_UPDATE_MANAGERS;
  const firstOfVersion = new Map<string, [string, Manager]>();
  for (const [key, manager] of updaters) {
    if (excess <= 0) return;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, [key, manager]);
      continue;
    }
    const bucket: Manager = {
      name: 'ancient-changes',
      operation: 'Update',
      apiVersion: manager.apiVersion,
      time: manager.time,
      fields: manager.fields,
    };
    const bucketKey = managerKey(bucket);
    const old = managers.get(bucketKey) ?? first[1];
    managers.delete(first[0]);
    managers.delete(key);
    managers.set(bucketKey, { ...bucket, fields: union(manager.fields, old.fields) });
    excess--;
  }
}
