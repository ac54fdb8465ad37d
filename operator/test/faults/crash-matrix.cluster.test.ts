import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { type Cell, pointsOf, type Reference } from './crash-matrix.ts';
import { DISTURBANCES } from './disturbances.ts';
import { matrixTable, rowsOf } from './matrix-table.ts';
import { runCrashMatrix } from './run-crash-matrix.ts';
import { SCENARIOS } from './scenarios.ts';

/*
 * The whole matrix takes minutes, so a run of all tests does a part of it: every EVERY-th write, another one in each
 * column. `CRASH_MATRIX=all` runs every cell, `CRASH_MATRIX=write` writes the table from that as well.
 */
const asked = process.env['CRASH_MATRIX'];
const EVERY = 12;
const TABLE = new URL('crash-matrix.md', import.meta.url);

let cells: Cell[];
let reference: Reference;
beforeAll(async () => {
  const chosen = (lane: { column: number; index: number }) =>
    asked !== undefined || (lane.index + 4 * lane.column) % EVERY === 0;
  ({ cells, reference } = await runCrashMatrix({ chosen }));
}, 3_600_000);

test('disturbed at a write, an operator ends where an undisturbed one ends, with no more writes', () => {
  expect(cells.filter(({ problem }) => problem !== undefined)).toEqual([]);
});

test('every disturbance happened, at writes of every scenario', () => {
  for (const { name, applies = () => true } of DISTURBANCES) {
    const met = new Set(
      cells.filter(({ disturbance, met }) => disturbance === name && met).map(({ scenario }) => scenario),
    );
    expect(met.size, name).toBeGreaterThanOrEqual(2);
    for (const scenario of met) expect(applies(scenario, 'apply configmaps/any'), name).toBe(true);
  }
});

test('the committed table has a row for every write that there is, and says "same" in each', async () => {
  const columns = DISTURBANCES.map(({ name }) => name);
  if (asked === 'write') await writeFile(TABLE, `${ABOUT}\n${matrixTable(cells, columns)}\n`);
  const table = await readFile(TABLE, 'utf8');
  const found = SCENARIOS.flatMap(({ name: scenario }) =>
    pointsOf(reference, scenario).map(({ name: write }) => ({ scenario, write })),
  );
  const rows = new Set(rowsOf(table));
  // What a table lacks has never been tried: write it again.
  expect(
    [...new Set(found.map(({ scenario, write }) => `${scenario} | ${write}`))].filter(
      (row) => !rows.has(row),
    ),
  ).toEqual([]);
  expect(table).not.toContain('DIFFERS');
  expect(table.match(/\bsame\b/g)?.length).toBeGreaterThan(rows.size * 4);
});

const ABOUT = `# Crash matrix

Written by \`CRASH_MATRIX=write npx vitest run --project cluster operator/test/faults/crash-matrix\`.

A row is a write of the operator in one of the scenarios, one after the other in the life of a vault and its connector;
a write that happens several times (a status) is tried at each. A column is what happened to the operator at that write.
\`same\`: afterwards every object of the namespace, the keys, aliases and grants in KMS and the topics were as after an
undisturbed run, nothing but status was changed more often than there (once more for an answer that was lost; the
columns in which something is made again, or an old cache is believed, allow for that), and for two resync periods
nothing at all was written. Empty: it does not apply.
`;
