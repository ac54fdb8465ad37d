import { type Cell, pointsOf, type Reference, runDisturbed, runReference } from './crash-matrix.ts';
import { DISTURBANCES } from './disturbances.ts';
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
  } = {},
): Promise<{ cells: Cell[]; reference: Reference }> {
  const { chosen = () => true, lanesAtOnce = 6, onProgress } = options;
  const { inLane, close } = await startLanes();
  const nameOf = (column: number, index: number) => `lane-${column}-${index}`;
  try {
    const reference = await inLane('reference', runReference);
    const longest = Math.max(...SCENARIOS.map(({ name }) => pointsOf(reference, name).length));
    const lanes = DISTURBANCES.flatMap((disturbance, column) =>
      Array.from({ length: longest }, (_, index) => ({ disturbance, column, index })),
    ).filter(({ disturbance, ...lane }) => chosen({ ...lane, disturbance: disturbance.name }));
    const cells: Cell[] = [];
    let next = 0;
    let done = 0;
    const worker = async () => {
      for (let lane = lanes[next++]; lane !== undefined; lane = lanes[next++]) {
        const { disturbance, column, index } = lane;
        cells.push(
          ...(await inLane(nameOf(column, index), (open) =>
            runDisturbed(open, { reference, disturbance, index }),
          )),
        );
        done += 1;
        onProgress?.(done, lanes.length);
      }
    };
    await Promise.all(Array.from({ length: lanesAtOnce }, worker));
    return { cells, reference };
  } finally {
    await close();
  }
}
