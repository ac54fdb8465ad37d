import { inTurns } from './in-turns.ts';
import { startLanes } from './lanes.ts';
import { readChanges, type Walk, walk } from './specification-walk.ts';

/** Further apart than a walk has steps, of which each has a seed of its own. */
const BETWEEN_SEEDS = 100_000;
const AT_ONCE = 3;

/**
 * Walks of `steps` steps each through the specs that there can be.
 *
 * @param options.seed of the first walk
 */
export async function runWalks(options: {
  walks: number;
  steps: number;
  seed: number;
  onStep?: (done: number, of: number) => void;
  signal?: AbortSignal;
}): Promise<Walk[]> {
  const { walks, steps, seed, onStep, signal } = options;
  const { inLane, close } = await startLanes(signal);
  try {
    const changes = await readChanges();
    const walked: Walk[] = [];
    let done = 0;
    const seeds = Array.from({ length: walks }, (_, at) => seed + BETWEEN_SEEDS * at);
    await inTurns(seeds, AT_ONCE, async (one) => {
      const count = () => {
        done += 1;
        onStep?.(done, walks * steps);
      };
      walked.push(
        await inLane(`walk-${one}`, (lane) => walk(lane, { changes, steps, seed: one, onStep: count })),
      );
    });
    return walked;
  } finally {
    await close();
  }
}
