import { readdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createClient, createTransport } from '../../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../../src/reconcile/resources.ts';
import {
  connectorKey,
  createConnector,
  createVault,
  OPERATOR,
  type TestCluster,
  vaultKey,
} from '../cluster-harness.ts';
import { eventually } from '../eventually.ts';
import type { Lane } from './lane.ts';
import { startLanes } from './lanes.ts';
import { type Mirror, startMirror } from './mirror.ts';
import { SCENARIOS } from './scenarios.ts';

/** What must not grow while nothing but time passes. The API server and all its clients are one process. */
export type Sample = {
  atSeconds: number;
  /** Open files and sockets of the process. */
  descriptors: number;
  /** Connections that the API server has open. */
  connections: number;
  /** In use right after a collection, the API server's history compacted. */
  heapMiB: number;
};

export type Soaked = {
  /** In each a vault and a connector come, change and go, and their watches break three times. */
  rounds: number;
  /** The first after two rounds, in which what is made once was made; the last at the end. */
  samples: Sample[];
  /** How often what the watches had told was held against a list. */
  comparisons: number;
  /** What differed for {@link LATE_MS}. */
  missed: string[];
  /** What the operator wrote in two resync periods at the end. */
  writesAtRest: readonly string[];
};

const NAMESPACE = 'soak';
/** Several times what a watch that breaks again and again waits before it comes back; then an event counts as missed. */
const LATE_MS = 15_000;
const SAMPLES = 60;

/** Churn with broken watches for so many seconds. @throws when a round does not come to its end */
export async function runSoak(options: {
  seconds: number;
  onRound?: (soaked: Soaked, atSeconds: number) => void;
  signal?: AbortSignal;
}): Promise<Soaked> {
  const { seconds, onRound, signal } = options;
  const { cluster, inLane, close } = await startLanes(signal);
  const transport = createTransport(cluster.operatorConfig);
  try {
    return await inLane(NAMESPACE, async (lane) => {
      // As the operator's user, and waiting as it waits: these watches break and come back as the operator's do.
      const client = createClient({ transport });
      const watched = await startMirror(client, { namespace: NAMESPACE, clock: lane.clock });
      const soaked: Soaked = { rounds: 0, samples: [], comparisons: 0, missed: [], writesAtRest: [] };
      const work = { lane, watched, soaked };
      try {
        lane.start();
        for (let at = 0; at < 2; at++) await round(work, at);
        const begun = performance.now();
        const atSeconds = () => (performance.now() - begun) / 1_000;
        soaked.samples.push(await sample(cluster, 0));
        while (atSeconds() < seconds) {
          await round(work, soaked.rounds);
          soaked.rounds += 1;
          const last = soaked.samples.at(-1)?.atSeconds ?? 0;
          const isEnd = atSeconds() >= seconds;
          if (isEnd || atSeconds() - last >= seconds / SAMPLES) {
            soaked.samples.push(await sample(cluster, atSeconds()));
          }
          onRound?.(soaked, atSeconds());
        }
        return { ...soaked, writesAtRest: await lane.writesAtRest() };
      } finally {
        await watched.stop();
      }
    });
  } finally {
    await transport.close();
    await close();
  }
}

async function round(work: { lane: Lane; watched: Mirror; soaked: Soaked }, at: number): Promise<void> {
  const { lane } = work;
  const { cluster, namespace } = lane;
  const watches = { user: OPERATOR, path: `/namespaces/${namespace}/` };
  const [, , update, scale] = SCENARIOS;
  lane.beginJournal();
  await createVault(cluster, namespace);
  await createConnector(cluster, namespace);
  await wait(100);
  await cluster.faults('POST', `/faults/watches/${at % 2 === 0 ? 'drop' : 'truncate'}`, watches);
  await update?.act(lane);
  await scale?.act(lane);
  await cluster.faults('POST', '/faults/watches/drop', watches);
  await lane.atRest();
  await compare(work);
  await cluster.admin.delete(PSP_CONNECTORS, connectorKey(namespace));
  await cluster.faults('POST', '/faults/watches/drop', watches);
  await cluster.admin.delete(PAYMENT_VAULTS, vaultKey(namespace));
  const isGone = () => {
    const left = cluster.mirror.keysOf(namespace);
    if (left.length > 0) throw new Error(`${left} did not go\n${lane.lastWords()}`);
  };
  await eventually(isGone, { timeoutMs: 60_000 });
  await lane.atRest();
  await compare(work);
}

/** Holds what the broken watches have told against a list. */
async function compare({
  lane,
  watched,
  soaked,
}: {
  lane: Lane;
  watched: Mirror;
  soaked: Soaked;
}): Promise<void> {
  soaked.comparisons += 1;
  let differing: string[] = [];
  const hold = async () => {
    differing = await watched.differences(lane.cluster.admin, lane.namespace);
    if (differing.length > 0) throw new Error('an event is late, or was missed');
  };
  await eventually(hold, { timeoutMs: LATE_MS }).catch((error: unknown) => {
    if (differing.length === 0) throw error;
    soaked.missed.push(...differing);
  });
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function sample(cluster: TestCluster, atSeconds: number): Promise<Sample> {
  // What the server keeps for watches that go on is bounded, and no leak of anybody's.
  await cluster.faults('POST', '/faults/compact');
  await wait(200);
  collectGarbage();
  const descriptors = await readdir('/proc/self/fd').catch(() => []);
  return {
    atSeconds,
    descriptors: descriptors.length,
    connections: (await cluster.connections()) ?? 0,
    heapMiB: process.memoryUsage().heapUsed / 2 ** 20,
  };
}

/** The medians of the first and of the last third of the samples: what one sample happens to see is neither. */
export function thirds(
  samples: readonly Sample[],
  figure: 'descriptors' | 'connections' | 'heapMiB',
): { before: number; after: number } {
  const values = samples.map((one) => one[figure]);
  const third = Math.max(1, Math.floor(values.length / 3));
  return { before: median(values.slice(0, third)), after: median(values.slice(-third)) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
