import fc from 'fast-check';
import { type Reference, runReference } from './crash-matrix.ts';
import { inTurns } from './in-turns.ts';
import type { Lane } from './lane.ts';
import { startLanes } from './lanes.ts';
import { SCENARIOS } from './scenarios.ts';
import { disturb, type Step, schedule } from './schedule.ts';

/** What became of one schedule of faults. */
export type ScheduleOutcome = {
  /** Of this schedule alone: as the seed of a single run it makes the same one. */
  seed: number;
  steps: readonly Step[];
  /** From the end of the last fault to the operator's last write, milliseconds; only where it converged. */
  convergedMs?: number;
  /** What it wrote in two resync periods after it had converged. */
  writesAtRest: readonly string[];
  problem?: string;
};

const ACTS = SCENARIOS.slice(0, 4);

/**
 * Has schedules of faults come over the life of a vault and its connector, and holds the end against a life in which
 * nothing went wrong.
 *
 * @param options.seed of the first schedule; each one after it has the next number
 */
export async function runSchedules(options: {
  runs: number;
  seed: number;
  atOnce?: number;
  onOutcome?: (outcome: ScheduleOutcome, done: number) => void;
  signal?: AbortSignal;
}): Promise<ScheduleOutcome[]> {
  const { runs, seed, atOnce = 4, onOutcome, signal } = options;
  const { inLane, close } = await startLanes(signal);
  try {
    const reference = await inLane('reference', (lane) => runReference(lane, ACTS));
    const outcomes: ScheduleOutcome[] = [];
    const seeds = Array.from({ length: runs }, (_, run) => seed + run);
    await inTurns(seeds, atOnce, async (one) => {
      const steps = scheduleOf(one);
      const ended = await inLane(`schedule-${one}`, (lane) => undergo(lane, reference, steps));
      const outcome = { seed: one, steps, ...ended };
      outcomes.push(outcome);
      onOutcome?.(outcome, outcomes.length);
    });
    return outcomes;
  } finally {
    await close();
  }
}

/** Seeds in a row begin alike in fast-check's generator, so they are spread. */
export function scheduleOf(seed: number): readonly Step[] {
  const [steps = []] = fc.sample(schedule, { numRuns: 1, seed: Math.imul(seed, 0x9e37_79b1) });
  return steps;
}

async function undergo(
  lane: Lane,
  reference: Reference,
  steps: readonly Step[],
): Promise<Omit<ScheduleOutcome, 'seed' | 'steps'>> {
  const wanted = reference.get(ACTS.at(-1)?.name ?? '')?.state;
  if (wanted === undefined) throw new Error('no reference');
  try {
    lane.start();
    const share = Math.ceil(steps.length / ACTS.length);
    const ends: (() => Promise<void>)[] = [];
    for (const [at, scenario] of ACTS.entries()) {
      const disturbed = disturb(lane, steps.slice(at * share, (at + 1) * share));
      await scenario.act(lane);
      ends.push(await disturbed);
    }
    for (const end of ends) await end();
    const disturbedUntil = performance.now();
    await lane.converges(wanted);
    const convergedMs = Math.max(0, lane.lastWriteAt - disturbedUntil);
    return { convergedMs, writesAtRest: await lane.writesAtRest() };
  } catch (error) {
    return { writesAtRest: [], problem: error instanceof Error ? error.message : String(error) };
  }
}
