import { expect, test } from 'vitest';
import { runSchedules } from './run-schedules.ts';

/** `FAULT_SEED` repeats what another run has printed; `npm run bench -- fault-schedules` makes many more. */
const SEED = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 1e8));
const RUNS = 8;

test(`whatever goes wrong on the way, it ends where nothing went wrong, and then writes nothing (seed ${SEED})`, {
  timeout: 300_000,
}, async () => {
  const outcomes = await runSchedules({ runs: RUNS, seed: SEED });
  expect(
    outcomes.filter(({ problem, writesAtRest }) => problem !== undefined || writesAtRest.length > 0),
  ).toEqual([]);
  expect(outcomes).toHaveLength(RUNS);
});
