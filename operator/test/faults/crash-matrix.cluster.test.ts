import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { type Cell, pointsOf, type Reference } from './crash-matrix.ts';
import { DISTURBANCES } from './disturbances.ts';
import { rowsOf, TABLE_FILE } from './matrix-table.ts';
import { runCrashMatrix } from './run-crash-matrix.ts';
import { SCENARIOS } from './scenarios.ts';

/*
 * The whole matrix takes minutes, so a run of all tests does a part of it: every EVERY-th write, another one in each
 * column. `npm run bench -- crash-matrix` runs every cell, and with `--write-table` writes the table from that.
 */
const EVERY = 12;

let cells: Cell[];
let reference: Reference;
beforeAll(async () => {
  const chosen = (lane: { column: number; index: number }) => (lane.index + 4 * lane.column) % EVERY === 0;
  ({ cells, reference } = await runCrashMatrix({ chosen }));
}, 600_000);

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
  const table = await readFile(TABLE_FILE, 'utf8');
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
