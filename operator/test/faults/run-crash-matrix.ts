import { type Cell, pointsOf, type Reference, runDisturbed, runReference } from './crash-matrix.ts';
import { DISTURBANCES } from './disturbances.ts';
import { inTurns } from './in-turns.ts';
import { startLanes } from './lanes.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * Runs the crash matrix: every scenario, disturbed in every way at every single write, each held against an
 * undisturbed run.
 *
 * @param options.chosen which lanes to run; default: all. A lane is the n-th write of every scenario in one way.
 */
export async function runCrashMatrix(
  options: {
    chosen?: (lane: { disturbance: string; column: number; index: number }) => boolean;
    lanesAtOnce?: number;
    onProgress?: (done: number, of: number) => void;
    signal?: AbortSignal;
  } = {},
): Promise<{ cells: Cell[]; reference: Reference }> {
  const { chosen = () => true, lanesAtOnce = 6, onProgress, signal } = options;
  const { inLane, close } = await startLanes(signal);
  try {
    const reference = await inLane('reference', runReference);
    const longest = Math.max(...SCENARIOS.map(({ name }) => pointsOf(reference, name).length));
    const lanes = DISTURBANCES.flatMap((disturbance, column) =>
      Array.from({ length: longest }, (_, index) => ({ disturbance, column, index })),
    ).filter(({ disturbance, ...lane }) => chosen({ ...lane, disturbance: disturbance.name }));
    const cells: Cell[] = [];
    let done = 0;
    await inTurns(lanes, lanesAtOnce, async ({ disturbance, column, index }) => {
      cells.push(
        ...(await inLane(`lane-${column}-${index}`, (lane) =>
          runDisturbed(lane, { reference, disturbance, index }),
        )),
      );
      done += 1;
      onProgress?.(done, lanes.length);
    });
    return { cells, reference };
  } finally {
    await close();
  }
}
