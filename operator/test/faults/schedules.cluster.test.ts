import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Reference, runReference } from './crash-matrix.ts';
import type { Lane } from './lane.ts';
import { type Lanes, startLanes } from './lanes.ts';
import { SCENARIOS } from './scenarios.ts';
import { disturb, type Step, schedule } from './schedule.ts';

/** `FAULT_RUNS=200` makes more of it; `FAULT_SEED` repeats what another run has printed. */
const RUNS = Number(process.env['FAULT_RUNS'] ?? 2);
const SEED = Number(process.env['FAULT_SEED'] ?? 95_102_593);
/** Schedules at the same time, each in a namespace of its own. */
const AT_ONCE = 4;
const ACTS = SCENARIOS.slice(0, 4);

let lanes: Lanes;
let reference: Reference;
beforeAll(async () => {
  lanes = await startLanes();
  reference = await lanes.inLane('reference', (lane) => runReference(lane, ACTS));
});
afterAll(() => lanes?.close());

let last = 0;
async function undergoes(steps: readonly Step[]): Promise<void> {
  last += 1;
  await lanes.inLane(`schedule-${last}`, async (lane: Lane) => {
    lane.start();
    const share = Math.ceil(steps.length / ACTS.length);
    const ends: (() => Promise<void>)[] = [];
    for (const [at, scenario] of ACTS.entries()) {
      const disturbed = disturb(lane, steps.slice(at * share, (at + 1) * share));
      await scenario.act(lane);
      ends.push(await disturbed);
    }
    for (const end of ends) await end();
    const wanted = reference.get(ACTS.at(-1)?.name ?? '')?.state;
    if (wanted === undefined) throw new Error('no reference');
    await lane.converges(wanted);
  });
}

test(`whatever goes wrong on the way, it ends where nothing went wrong, and then writes nothing (seed ${SEED})`, {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(schedule, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (schedules) => {
      const outcomes = await Promise.allSettled(schedules.map(undergoes));
      const problems = outcomes.flatMap((outcome, at) =>
        outcome.status === 'rejected' ? [`${JSON.stringify(schedules[at])}\n${outcome.reason}`] : [],
      );
      expect(problems).toEqual([]);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
});
