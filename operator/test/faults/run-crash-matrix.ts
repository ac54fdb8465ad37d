import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from '../../src/engine/index.ts';
import { startTestCluster } from '../cluster-harness.ts';
import { GRANTEE } from '../fixtures.ts';
import { type Cell, pointsOf, type Reference, runDisturbed, runReference } from './crash-matrix.ts';
import { DISTURBANCES } from './disturbances.ts';
import { type Lane, noteRevision, openLane } from './lane.ts';
import { OTHER_GRANTEE, SCENARIOS } from './scenarios.ts';

/** More writes than any scenario has. */
const MOST_LANES = 100;

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
  const cluster = await startTestCluster();
  cluster.mirror.onVersion(noteRevision);
  const directory = await mkdtemp(join(tmpdir(), 'cofferdam-matrix-'));
  const granteesFile = join(directory, 'grantees.json');
  const nameOf = (column: number, index: number) => `lane-${column}-${index}`;
  const namespaces = [
    'reference',
    ...DISTURBANCES.flatMap((_, column) =>
      Array.from({ length: MOST_LANES }, (_, index) => nameOf(column, index)),
    ),
  ];
  const grantees = Object.fromEntries(namespaces.map((namespace) => [namespace, [GRANTEE, OTHER_GRANTEE]]));
  await writeFile(granteesFile, JSON.stringify(grantees));
  const transport = createTransport(cluster.config, { connections: 4_096 });
  const inLane = async <T>(namespace: string, run: (lane: Lane) => Promise<T>): Promise<T> => {
    const lane = await openLane({ cluster, transport, namespace, granteesFile });
    try {
      return await run(lane);
    } finally {
      await lane.close();
    }
  };
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
    await transport.close();
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
