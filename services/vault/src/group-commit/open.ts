import { ENV } from '@cofferdam/contracts';
import {
  type Lifecycle,
  type Logger,
  type Metrics,
  notUsable,
  openDatabase,
  ProblemError,
} from '@cofferdam/runtime';
import type { ChainHeads } from '../audit/chain-heads.ts';
import { failureOf } from './after-failure.ts';
import { createGatherer, type Gatherer } from './gatherer.ts';
import { createLane, type Lane } from './lane.ts';
import { Novelty } from './novelty.ts';

/** One is prepared while the other is on its way to the disk. More make smaller batches, each with its overhead. */
const LANES = 2;
const MAX_BATCH = 256;
/** A fraction of a second's worth: whoever would wait longer had better come again, to another replica perhaps. */
const MAX_WAITING = 2048;
const MAX_WAIT_MS = 5000;
/** Many small batches cost more than they hasten: what has come meanwhile waits for a batch, or for five milliseconds. */
const BESIDES = { enough: 24, patienceMs: 5 };
/** A batch does not stand still for long because another process holds one of its rows. */
const LOCK_TIMEOUT_MS = 300;

/**
 * Everything is looked up by key. A plan that was made while tables were small reads them whole when they have grown. And
 * it is made once: for arrays PostgreSQL would weigh a plan of its own for each batch, a third of what a batch costs it.
 */
const PLANS_BY_KEY = {
  ...{ enable_seqscan: 'off', enable_hashjoin: 'off', enable_mergejoin: 'off', jit: 'off' },
  plan_cache_mode: 'force_generic_plan',
};

/** The group commit of a process, with connections that nothing else uses. It is drained before they are closed. */
export async function openGatherer(
  config: {
    DATABASE_DIR: string;
    DATABASE_CA_FILE?: string | undefined;
    DATABASE_SYNCHRONOUS_REPLICATION: boolean;
  },
  options: { lifecycle: Lifecycle; logger: Logger; metrics: Metrics; heads: ChainHeads },
): Promise<Gatherer<Lane>> {
  const { lifecycle, logger, metrics, heads } = options;
  const database = await openDatabase(
    { directory: config.DATABASE_DIR, caFile: config.DATABASE_CA_FILE, logger },
    {
      applicationName: 'cofferdam-vault-group-commit',
      metrics,
      maxConnections: LANES,
      lockTimeoutMs: LOCK_TIMEOUT_MS,
      settings: PLANS_BY_KEY,
    },
  ).catch(notUsable(ENV.databaseDirectory));
  lifecycle.onClose('group commit connections', () => database.close());

  const batchSize = metrics.meter.createHistogram('cofferdam_commit_batch_size', {
    description: 'Requests that were committed together.',
    advice: { explicitBucketBoundaries: [1, 2, 4, 8, 16, 32, 64, 128, 256] },
  });
  const novelty = new Novelty();
  const gatherer = createGatherer<Lane>({
    lanes: Array.from({ length: LANES }, (_, i) =>
      createLane(database, heads, `lane${i + 1}`, {
        novelty,
        isReplicated: config.DATABASE_SYNCHRONOUS_REPLICATION,
      }),
    ),
    maxBatch: MAX_BATCH,
    besides: BESIDES,
    failure: failureOf,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    refuse: (why) => new ProblemError('overloaded', { detail: DETAILS[why] }),
    onBatch: (work, size) => batchSize.record(size, { work }),
  });
  metrics.meter
    .createObservableGauge('cofferdam_commit_waiting', { description: 'Requests that wait for a commit.' })
    .addCallback((result) => result.observe(gatherer.waiting));
  lifecycle.onClose('group commit', () => gatherer.drain());
  return gatherer;
}

const DETAILS = {
  full: 'Too many requests are waiting to be written. Try again.',
  late: 'The request was not taken up in time, and nothing was written. Try again.',
} as const;
