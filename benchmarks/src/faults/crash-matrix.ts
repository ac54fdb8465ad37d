import { writeFileSync } from 'node:fs';
import { type Cell, matrixTable, runCrashMatrix, TABLE_FILE } from '@cofferdam/operator/faults';
import { BenchError } from '../errors.ts';
import { percentiles } from '../harness/percentiles.ts';
import { exactly, type Findings, type Result } from '../harness/report.ts';
import type { RunContext, Scenario } from '../scenario.ts';

/** With --quick every so many-th write is tried. */
const QUICK_EVERY = 24;

export const crashMatrixScenario: Scenario = {
  name: 'crash-matrix',
  summary: 'an operator stopped, misled or deprived of what it wrote, at every single write',
  options: { 'write-table': { type: 'boolean' } },
  help: ['--write-table   writes operator/test/faults/crash-matrix.md from this run'],
  prepare(values, quick) {
    const writesTable = values['write-table'] === true;
    if (writesTable && quick) {
      throw new BenchError('usage', '--write-table and --quick: the table is of a whole run');
    }
    return (context) => measure(context, writesTable);
  },
};

async function measure({ progress, signal, quick }: RunContext, writesTable: boolean): Promise<Findings> {
  progress.show('starting');
  const { cells } = await runCrashMatrix({
    ...(quick ? { chosen: ({ column, index }) => (index + 8 * column) % QUICK_EVERY === 0 } : {}),
    signal,
    onProgress: (done, of) =>
      progress.show(`${tenths(done / of)} of the crash matrix`, `${done} of ${of} lanes`),
  });
  if (writesTable) writeFileSync(TABLE_FILE, matrixTable(cells));
  const writes = quick ? `every ${QUICK_EVERY}th` : 'all';
  return findingsOf(cells, { writes, apiServer: 'in memory (devcluster)' });
}

export function findingsOf(cells: readonly Cell[], settings: Findings['settings']): Findings {
  const wrong = cells.filter(({ problem }) => problem !== undefined);
  return {
    settings,
    results: [
      resultOf('all cells', cells),
      ...[...Map.groupBy(cells, ({ disturbance }) => disturbance)].map(([name, some]) =>
        resultOf(name, some),
      ),
    ],
    targets: [exactly('cells that end otherwise than undisturbed', 0, wrong.length)],
    problems: wrong.map(
      ({ scenario, write, nth, disturbance, problem }) =>
        `${scenario}, ${write} (${nth}.), ${disturbance}: ${problem}`,
    ),
  };
}

function resultOf(name: string, cells: readonly Cell[]): Result {
  return {
    name,
    ratePerSecond: null,
    ...percentiles(cells.flatMap(({ convergedMs }) => convergedMs ?? [])),
    errors: cells.filter(({ problem }) => problem !== undefined).length,
    cells: cells.length,
    // A status that is on its way may be passed over: then there is nothing to disturb.
    disturbed: cells.filter(({ met }) => met).length,
    same: cells.filter(({ problem }) => problem === undefined).length,
  };
}

/** A line for each tenth, where nobody watches the details. */
const tenths = (share: number) => `${Math.floor(share * 10) * 10} %`;
