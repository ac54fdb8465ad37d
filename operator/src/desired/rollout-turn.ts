import type { RolloutStatus } from '@cofferdam/crds';
import type { Facts } from './facts.ts';

/**
 * Whether a resource's pods may be restarted now.
 * - `Free`: nothing to wait for; what changes is what its own spec asks for.
 * - `Granted`: the operator is newer than the pods, and it is this resource's turn.
 * - `Queued`: as above, and others come first.
 */
export type RolloutTurn =
  | { turn: 'Free' }
  | { turn: 'Granted' }
  | { turn: 'Queued'; position: number; waiting: number; underWay: string[] };

/** A PaymentVault or a PSPConnector as a cache has it; unread, because there may be thousands. */
export type RolloutResource = {
  kind: string;
  metadata: {
    name: string;
    namespace?: string | undefined;
    generation?: number | undefined;
    deletionTimestamp?: string | undefined;
  };
  spec?: { paused?: boolean | undefined; vaultRef?: { name: string } | undefined } | undefined;
  status?:
    | {
        observedGeneration?: number | undefined;
        conditions?: readonly { type: string; status: string }[] | undefined;
        rollout?: RolloutStatus | undefined;
      }
    | undefined;
};

export const MAX_ROLLOUTS = 5;

/** Who has begun and who waits, at one moment. */
export type RolloutQueue = {
  release: string;
  maxRollouts: number;
  started: readonly string[];
  behind: readonly string[];
  generations: ReadonlyMap<string, number>;
};

/**
 * An upgraded operator with other default images or another pod template must not restart hundreds of vaults at
 * once. Everything is in the resources' own status, so a restarted operator goes on where the last one was; the
 * order is by name, a vault before its connectors, so that every worker comes to the same answer by itself.
 *
 * Nobody waits whose pods do not serve (there is nothing to lose), and nobody waits behind a resource that cannot
 * go on: one that is paused or being deleted does not count, and one that is stalled comes after all others, because
 * it would begin and not finish. One that began and does not finish keeps its place: when a release is broken, the
 * first few stop the rest.
 */
export function rolloutTurn(
  self: RolloutResource,
  all: readonly RolloutResource[],
  facts: Pick<Facts, 'release' | 'maxRollouts'>,
): RolloutTurn {
  const queue = rolloutQueue(all, facts);
  return queue === undefined ? { turn: 'Free' } : turnIn(queue, self);
}

/** @returns undefined where nobody rolls anything out */
export function rolloutQueue(
  all: readonly RolloutResource[],
  { release, maxRollouts = MAX_ROLLOUTS }: Pick<Facts, 'release' | 'maxRollouts'>,
): RolloutQueue | undefined {
  if (release === undefined) return undefined;
  const vaults = generations(all);
  const started: string[] = [];
  const able: string[] = [];
  const stalled: string[] = [];
  for (const one of all) {
    const state = stateFor(one, release.digest, vaults);
    if (state === 'started') started.push(keyOf(one));
    else if (state === 'behind' && serves(one) && !isLeftAlone(one))
      (holds(one, 'Stalled') ? stalled : able).push(keyOf(one));
  }
  return {
    release: release.digest,
    maxRollouts,
    started: started.sort(),
    behind: [...able.sort(), ...stalled.sort()],
    generations: vaults,
  };
}

/** The turn of one resource. The queue may be a little older than the resource. */
export function turnIn(queue: RolloutQueue, self: RolloutResource): RolloutTurn {
  const { started, behind, maxRollouts } = queue;
  const own = stateFor(self, queue.release, queue.generations);
  if (own === 'started') return { turn: 'Granted' };
  if (own !== 'behind' || !serves(self)) return { turn: 'Free' };
  const at = behind.indexOf(keyOf(self));
  const place = at < 0 ? behind.length : at;
  const free = Math.max(0, maxRollouts - started.length);
  if (place < free) return { turn: 'Granted' };
  const waiting = Math.max(place + 1, behind.length) - free;
  return {
    turn: 'Queued',
    position: place - free + 1,
    waiting,
    underWay: [...started, ...behind.slice(0, free)],
  };
}

/** For sorting and for people: `namespace/vault`, and `namespace/vault/connector` after it. */
function keyOf(one: RolloutResource): string {
  return one.spec?.vaultRef === undefined ? vaultKey(one) : `${vaultKey(one)}/${one.metadata.name}`;
}

function vaultKey({ metadata, spec }: RolloutResource): string {
  return `${metadata.namespace}/${spec?.vaultRef?.name ?? metadata.name}`;
}

function generations(all: readonly RolloutResource[]): ReadonlyMap<string, number> {
  return new Map(
    all
      .filter(({ spec }) => spec?.vaultRef === undefined)
      .map((vault) => [vaultKey(vault), vault.metadata.generation ?? 0]),
  );
}

type State = 'settled' | 'asked' | 'started' | 'behind';

function stateFor(one: RolloutResource, release: string, vaults: ReadonlyMap<string, number>): State {
  const done = lastRollout(one);
  if (done === undefined || done.generation !== (one.metadata.generation ?? 0)) return 'asked';
  const { vaultGeneration } = done;
  const isConnector = one.spec?.vaultRef !== undefined;
  if (isConnector && vaultGeneration !== undefined && vaultGeneration !== vaults.get(vaultKey(one)))
    return 'asked';
  if (done.startedRelease === release) return 'started';
  return done.release === release ? 'settled' : 'behind';
}

/** What an operator wrote that knew no roll-outs yet counts as done, for another release. */
export function lastRollout({ status }: RolloutResource): RolloutStatus | undefined {
  if (status?.rollout !== undefined) return status.rollout;
  const generation = status?.observedGeneration;
  return generation === undefined ? undefined : { release: '', generation };
}

function holds(one: RolloutResource, type: string): boolean {
  return one.status?.conditions?.some((said) => said.type === type && said.status === 'True') ?? false;
}

const serves = (one: RolloutResource) => holds(one, 'Available');

function isLeftAlone({ metadata, spec }: RolloutResource): boolean {
  return metadata.deletionTimestamp !== undefined || (spec?.paused ?? false);
}
