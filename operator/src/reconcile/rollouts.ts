import type { RolloutStatus } from '@cofferdam/crds';
import type { Facts } from '../desired/facts.ts';
import type { Manifest } from '../desired/manifest.ts';
import { templateOf } from '../desired/pod-template.ts';
import {
  lastRollout,
  type RolloutQueue,
  type RolloutResource,
  type RolloutTurn,
  rolloutQueue,
  turnIn,
} from '../desired/rollout-turn.ts';
import type { ObservedDeployment } from '../status/observed-types.ts';
import { rolledOut, type Workload } from '../status/workload.ts';
import type { Context } from './context.ts';
import type { ReadConnector, ReadVault } from './parse.ts';

/** Whether this resource's pods may be restarted now, from what the caches say of all resources. */
export function turnOf(context: Context, resource: ReadVault | ReadConnector): RolloutTurn {
  const facts = context.facts();
  const self = resource as RolloutResource;
  // Nobody is asked who is done already: with thousands of resources, all but a few are.
  if (
    lastRollout(self)?.release === facts.release?.digest &&
    self.status?.rollout?.startedRelease === undefined
  )
    return { turn: 'Free' };
  const queue = queueOf(context, facts);
  return queue === undefined ? { turn: 'Free' } : turnIn(queue, self);
}

/** Everybody who waits asks for it; with thousands of them it costs milliseconds, and a cache is no newer than this. */
const QUEUE_HOLDS_MS = 250;
const queues = new WeakMap<
  Context['caches'],
  { queue: RolloutQueue | undefined; facts: Facts; at: number }
>();

function queueOf(context: Pick<Context, 'caches' | 'clock'>, facts: Facts): RolloutQueue | undefined {
  const { caches, clock } = context;
  const known = queues.get(caches);
  const now = clock.monotonicMs();
  if (known !== undefined && known.facts === facts && now - known.at < QUEUE_HOLDS_MS) return known.queue;
  const all = [...caches.vaults.store.list(), ...caches.connectors.store.list()] as RolloutResource[];
  const queue = rolloutQueue(all, facts);
  queues.set(caches, { queue, facts, at: now });
  return queue;
}

/** Every pod of these is as wanted, as far as can be seen. */
export function isDone(workloads: Record<string, Workload>): boolean {
  return Object.values(workloads).every((workload) => rolledOut(workload) === undefined);
}

/** The Deployment was given another pod template than the one that the cache still shows. */
export function isChanging(manifests: readonly Manifest[], found: ObservedDeployment | undefined): boolean {
  const wanted = manifests.find(
    ({ resource, object }) => resource.kind === 'Deployment' && object.metadata.name === found?.metadata.name,
  );
  return found !== undefined && wanted !== undefined && templateOf(wanted.object) !== templateOf(found);
}

/**
 * What `status.rollout` says after a pass.
 * @param done every pod is as wanted
 */
export function rolloutStatus(
  context: Context,
  resource: ReadVault | ReadConnector,
  after: { turn: RolloutTurn; done: boolean; vaultGeneration?: number | undefined },
): RolloutStatus | undefined {
  const { release } = context.facts();
  const before = lastRollout(resource as RolloutResource);
  if (release === undefined) return resource.status?.rollout;
  // A new resource's pods are this release's from the first one on, and of no generation that it had.
  if (before === undefined && !after.done) return { release: release.digest, generation: 0 };
  if (before !== undefined && !after.done) return started(before, release.digest, after.turn);
  const { vaultGeneration } = after;
  return {
    release: release.digest,
    generation: resource.metadata.generation ?? 0,
    ...(vaultGeneration === undefined ? {} : { vaultGeneration }),
  };
}

function started(before: RolloutStatus, release: string, turn: RolloutTurn): RolloutStatus {
  return turn.turn === 'Granted' ? { ...before, startedRelease: release } : before;
}
