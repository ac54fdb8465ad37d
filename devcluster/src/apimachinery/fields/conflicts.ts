import type { Comparison } from './compare.ts';
import { type FieldPath, intersection, pathsOf, union } from './field-set.ts';
import { type Manager, type Managers, managerText } from './managers.ts';
import { pathText } from './path-element.ts';

/** One `FieldManagerConflict` in the causes of a 409. */
export interface Conflict {
  readonly reason: 'FieldManagerConflict';
  readonly message: string;
  readonly field: string;
}

/** A field that an apply would change and that another manager owns. */
export interface ManagerConflict {
  readonly manager: Manager;
  readonly path: FieldPath;
}

/** What an apply would take from others, in the order of the real server's message. */
export function conflictsWith(managers: Managers, changes: Comparison, self: string): ManagerConflict[] {
  const touched = union(changes.modified, changes.added);
  return [...managers.entries()]
    .filter(([key]) => key !== self)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, manager]) =>
      [...pathsOf(intersection(manager.fields, touched))].map((path) => ({ manager, path })),
    );
}

export function conflictCause({ manager, path }: ManagerConflict): Conflict {
  return {
    reason: 'FieldManagerConflict',
    message: `conflict with ${managerText(manager)}`,
    field: pathText(path),
  };
}

/** The message of the 409. */
export function conflictMessage(conflicts: readonly ManagerConflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${managerText(first.manager)}: ${pathText(first.path)}`;
  }
  const lines: string[] = [];
  for (const [i, { manager, path }] of conflicts.entries()) {
    if (conflicts[i - 1]?.manager !== manager) lines.push(`conflicts with ${managerText(manager)}:`);
    lines.push(`- ${pathText(path)}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
