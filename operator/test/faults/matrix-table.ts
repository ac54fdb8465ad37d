import type { Cell } from './crash-matrix.ts';
import { DISTURBANCES } from './disturbances.ts';
import { SCENARIOS } from './scenarios.ts';

/** Where the table of the last whole run is kept. */
export const TABLE_FILE = new URL('crash-matrix.md', import.meta.url);

/** The table in which every cell says that a run which was disturbed there ended as the undisturbed one. */
export function matrixTable(cells: readonly Cell[]): string {
  const disturbances = DISTURBANCES.map(({ name }) => name);
  const rows = new Map<string, Map<string, Cell[]>>();
  for (const cell of cells) {
    const row = `${cell.scenario} | ${cell.write.replace('|', '\\|')}`;
    const columns = rows.get(row) ?? new Map<string, Cell[]>();
    columns.set(cell.disturbance, [...(columns.get(cell.disturbance) ?? []), cell]);
    rows.set(row, columns);
  }
  const scenarios = SCENARIOS.map(({ name }) => name);
  const sorted = [...rows].sort(
    ([a], [b]) =>
      scenarios.indexOf(a.split(' ')[0] ?? '') - scenarios.indexOf(b.split(' ')[0] ?? '') || (a < b ? -1 : 1),
  );
  const verdict = (found: readonly Cell[] | undefined) => {
    if (found === undefined) return '';
    return found.every(({ problem }) => problem === undefined) ? 'same' : 'DIFFERS';
  };
  return [
    ABOUT,
    `| scenario | write | ${disturbances.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(disturbances.length)}`,
    ...sorted.map(
      ([row, columns]) =>
        `| ${row} | ${disturbances.map((name) => verdict(columns.get(name))).join(' | ')} |`,
    ),
    '',
  ].join('\n');
}

/** `scenario | write` of each row. */
export function rowsOf(table: string): string[] {
  return [...table.matchAll(/^\| (\w+ \| [^|]+?) \|/gm)].map(([, row = '']) => row).slice(1);
}

const ABOUT = `# Crash matrix

Written by \`npm run bench -- crash-matrix --write-table\`.

A row is a write of the operator in one of the scenarios, one after the other in the life of a vault and its connector;
a write that happens several times (a status) is tried at each. A column is what happened to the operator at that write.
\`same\`: afterwards every object of the namespace, the keys, aliases and grants in KMS and the topics were as after an
undisturbed run, nothing but status was changed more often than there (once more for an answer that was lost; the
columns in which something is made again, or an old cache is believed, allow for that), and for two resync periods
nothing at all was written. Empty: it does not apply.
`;
