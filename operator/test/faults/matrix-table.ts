import type { Cell } from './crash-matrix.ts';

/** The table in which every cell says that a run which was disturbed there ended as the undisturbed one. */
export function matrixTable(cells: readonly Cell[], disturbances: readonly string[]): string {
  const rows = new Map<string, Map<string, Cell[]>>();
  for (const cell of cells) {
    const row = `${cell.scenario} | ${cell.write.replace('|', '\\|')}`;
    const columns = rows.get(row) ?? new Map<string, Cell[]>();
    columns.set(cell.disturbance, [...(columns.get(cell.disturbance) ?? []), cell]);
    rows.set(row, columns);
  }
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  const sorted = [...rows].sort(
    ([a], [b]) =>
      scenarios.indexOf(a.split(' ')[0] ?? '') - scenarios.indexOf(b.split(' ')[0] ?? '') || (a < b ? -1 : 1),
  );
  const verdict = (found: readonly Cell[] | undefined) => {
    if (found === undefined) return '';
    return found.every(({ problem }) => problem === undefined) ? 'same' : 'DIFFERS';
  };
  return [
    `| scenario | write | ${disturbances.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(disturbances.length)}`,
    ...sorted.map(
      ([row, columns]) =>
        `| ${row} | ${disturbances.map((name) => verdict(columns.get(name))).join(' | ')} |`,
    ),
  ].join('\n');
}

/** `scenario | write` of each row. */
export function rowsOf(table: string): string[] {
  return [...table.matchAll(/^\| (\w+ \| [^|]+?) \|/gm)].map(([, row = '']) => row).slice(1);
}
