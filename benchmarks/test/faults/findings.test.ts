import type { Cell, ScheduleOutcome, Soaked, Walk } from '@cofferdam/operator/faults';
import { expect, test } from 'vitest';
import { findingsOf as ofMatrix } from '../../src/faults/crash-matrix.ts';
import { findingsOf as ofSchedules } from '../../src/faults/fault-schedules.ts';
import { findingsOf as ofSoak } from '../../src/faults/soak.ts';
import { findingsOf as ofWalks } from '../../src/faults/specification-walk.ts';
import type { Findings } from '../../src/harness/report.ts';

const missed = ({ targets }: Findings) => targets.filter(({ met }) => !met).map(({ name }) => name);

test('a cell that ends otherwise is counted in its column, and named', () => {
  const cell: Cell = {
    scenario: 'create',
    write: 'kms CreateKey',
    nth: 1,
    disturbance: 'stopped after it',
    met: true,
  };
  const fine: Cell[] = [
    { ...cell, convergedMs: 100 },
    { ...cell, convergedMs: 300 },
  ];
  expect(ofMatrix(fine, {})).toMatchObject({
    results: [
      { name: 'all cells', cells: 2, disturbed: 2, same: 2, p50Ms: 100, p99Ms: 300, errors: 0 },
      { name: 'stopped after it' },
    ],
    problems: [],
  });
  const bad = ofMatrix([...fine, { ...cell, disturbance: 'stopped before it', problem: 'two keys' }], {});
  expect(bad.results.map(({ name, errors }) => [name, errors])).toEqual([
    ['all cells', 1],
    ['stopped after it', 0],
    ['stopped before it', 1],
  ]);
  expect(missed(bad)).toEqual(['cells that end otherwise than undisturbed']);
  expect(bad.problems).toEqual(['create, kms CreateKey (1.), stopped before it: two keys']);
});

test('a schedule that does not converge, or is not at rest, comes with the command that repeats it', () => {
  const steps: ScheduleOutcome['steps'] = [{ afterMs: 1, fault: { kind: 'kill' } }];
  const fine: ScheduleOutcome = { seed: 5, steps, convergedMs: 20, writesAtRest: [] };
  expect(missed(ofSchedules([fine], { runs: 1, seed: 5 }))).toEqual([]);
  const stuck: ScheduleOutcome = { seed: 6, steps, writesAtRest: [], problem: 'no rest' };
  const restless: ScheduleOutcome = { seed: 7, steps, convergedMs: 40, writesAtRest: ['apply jobs/a'] };
  const bad = ofSchedules([fine, stuck, restless], { runs: 3, seed: 5 });
  expect(bad.results).toMatchObject([{ converged: 2, errors: 1, writesAtRest: 1, faults: 3 }, { kills: 3 }]);
  expect(missed(bad)).toEqual([
    'schedules that do not converge',
    'writes at rest, two resync periods after each',
  ]);
  expect(bad.problems?.map((problem) => problem.split('\n')[0])).toEqual([
    '--runs 1 --seed 6: no rest',
    '--runs 1 --seed 7: wrote at rest: apply jobs/a',
  ]);
});

test('a walk that does not come home comes with the command that repeats it', () => {
  const fine: Walk = { seed: 1, steps: 8, stalled: 2, settledMs: [5], writesAtRest: [] };
  const bad = ofWalks([fine, { ...fine, seed: 100_001, problem: 'InternalError for {}' }], {
    walks: 2,
    steps: 10,
    seed: 1,
  });
  expect(bad.results).toMatchObject([{ steps: 16, stalled: 4, tried: 20, home: 1, errors: 1 }]);
  expect(missed(bad)).toHaveLength(1);
  expect(bad.problems).toEqual(['--walks 1 --steps 10 --seed 100001: InternalError for {}']);
});

test('a soak says what grew, by the medians of the first and the last third', () => {
  const samples = Array.from({ length: 9 }, (_, at) => ({
    atSeconds: at,
    descriptors: 100,
    // One that is high by chance is no growth.
    connections: at === 8 ? 60 : 20,
    heapMiB: 50 + 2 * at,
  }));
  const soaked: Soaked = { rounds: 9, samples, comparisons: 22, missed: [], writesAtRest: [] };
  expect(missed(ofSoak(soaked, 9))).toEqual(['growth of heapMiB']);
  expect(ofSoak(soaked, 9).problems).toEqual(['growth of heapMiB: 12, wanted < 5 MiB more']);
  const flat = { ...soaked, samples: samples.slice(0, 1) };
  expect(missed(ofSoak(flat, 9))).toEqual([]);
  expect(missed(ofSoak({ ...flat, missed: ['Job/a 7'] }, 9))).toEqual(['events missed, against a list']);
});
