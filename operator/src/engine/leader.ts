import type { KubeClient } from './client.ts';
import { type Clock, type Random, systemClock } from './clock.ts';
import { isKubeError, KubeError } from './kube-error.ts';
import { microTime } from './micro-time.ts';
import type { KubeObject } from './resource.ts';
import { RESOURCES } from './well-known.ts';

type Lease = KubeObject & {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
};

export type LeaderElector = {
  /** Acquires, calls `lead`, renews until the lease is lost, `lead` ends or `signal` aborts. Then it no longer leads. */
  run(signal: AbortSignal, lead: (leading: AbortSignal) => Promise<void>): Promise<void>;
  isLeading(): boolean;
  /** For a client's `guard`. @throws KubeError `not_leading` after the renew deadline */
  assertLeading(): void;
};

export type LeaderOptions = {
  /** Without a leader's guard: it is what makes a leader. */
  client: KubeClient;
  namespace: string;
  name: string;
  /** Ours, unlike any other's: the pod's name and a random part. */
  identity: string;
  /** How long others wait after the last renewal that they saw. Default 15000. */
  leaseDurationMs?: number;
  /**
   * How long after our last successful renewal we may still send. Default 10000. A request that was sent before
   * it must end before another can lead: request time-outs are at most leaseDurationMs - renewDeadlineMs.
   */
  renewDeadlineMs?: number;
  retryPeriodMs?: number;
  clock?: Clock;
  random?: Random;
  onError?: (error: unknown) => void;
};

/**
 * Leader election on a Lease. Kubernetes has no fencing token, so safety rests on time, and only on differences
 * of this process's monotonic clock: never on another machine's stamps.
 */
export function createLeaderElector(options: LeaderOptions): LeaderElector {
  const { client, namespace, name, identity, clock = systemClock, random = Math.random } = options;
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  let observed: { record: string; at: number } | undefined;
  /** When the last successful renewal was *sent*: the other side's waiting began no earlier. */
  let renewedAt = Number.NEGATIVE_INFINITY;
  /** The same by the clock on the wall, which goes on while a machine is suspended; the monotonic one may not. */
  let renewedOnWall = Number.NEGATIVE_INFINITY;

  const holds = () => clock.monotonicMs() - renewedAt < renewDeadlineMs;
  // A wall clock that is set forward costs no more than the wait for the next renewal, one set back nothing.
  const isLeading = () => holds() && clock.now() - renewedOnWall < renewDeadlineMs;

  function spec(before: Lease['spec']) {
    const now = microTime(clock.now());
    const ours = before?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: ours ? (before?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (ours || before === undefined ? 0 : 1),
    };
  }

  /** One try to hold or take the lease. A conflict means that another was quicker. */
  async function tryHold(): Promise<boolean> {
    const sentAt = clock.monotonicMs();
    const sentOnWall = clock.now();
    const shell = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } };
    const timeoutMs = Math.max(1_000, leaseDurationMs - renewDeadlineMs);
    const lease = await client
      .get<Lease>(RESOURCES.leases, { namespace, name }, { timeoutMs })
      .catch((error) => {
        if (isKubeError(error, 'not_found')) return undefined;
        throw error;
      });
    if (lease === undefined) {
      await client.create(RESOURCES.leases, { ...shell, spec: spec(undefined) } as KubeObject, { timeoutMs });
    } else {
      const record = `${lease.spec?.holderIdentity} ${lease.spec?.renewTime} ${lease.spec?.leaseTransitions}`;
      if (observed?.record !== record) observed = { record, at: clock.monotonicMs() };
      const holder = lease.spec?.holderIdentity ?? '';
      const theirsMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
      if (holder !== '' && holder !== identity && clock.monotonicMs() - observed.at < theirsMs) {
        // Somebody gave it away, or deleted it: to go on until our deadline would make two leaders.
        renewedAt = Number.NEGATIVE_INFINITY;
        return false;
      }
      await client.update(RESOURCES.leases, { ...lease, spec: spec(lease.spec) } as KubeObject, {
        timeoutMs,
      });
    }
    renewedAt = sentAt;
    renewedOnWall = sentOnWall;
    return true;
  }

  async function attempt(): Promise<boolean> {
    try {
      return await tryHold();
    } catch (error) {
      if (!isKubeError(error, 'conflict', 'already_exists')) options.onError?.(error);
      return false;
    }
  }

  /** Lets the next one lead at once instead of after leaseDurationMs. */
  async function release(): Promise<void> {
    renewedAt = Number.NEGATIVE_INFINITY;
    try {
      const lease = await client.get<Lease>(RESOURCES.leases, { namespace, name }, { timeoutMs: 2_000 });
      if (lease.spec?.holderIdentity !== identity) return;
      const free = {
        ...lease.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: microTime(clock.now()),
      };
      await client.update(RESOURCES.leases, { ...lease, spec: free } as KubeObject, { timeoutMs: 2_000 });
    } catch (error) {
      options.onError?.(error);
    }
  }

  return {
    isLeading,
    assertLeading() {
      if (!isLeading())
        throw new KubeError('not_leading', `not sent: the lease ${namespace}/${name} is not ours`);
    },
    async run(signal, lead) {
      while (!signal.aborted && !(await attempt())) {
        await clock.sleep(retryPeriodMs * (1 + 0.2 * random()), signal);
      }
      if (signal.aborted) {
        if (isLeading()) await release();
        return;
      }
      const lost = new AbortController();
      const leading = AbortSignal.any([signal, lost.signal]);
      // Whoever has stopped leading, also by a fault, must not hold the lease any longer.
      const work = lead(leading).finally(() => lost.abort());
      work.catch(() => {});
      // By the monotonic clock: one try more is what a jump of the other one needs.
      while (!leading.aborted && holds()) {
        await clock.sleep(retryPeriodMs, leading);
        if (!leading.aborted) await attempt();
      }
      lost.abort();
      try {
        await work;
      } finally {
        if (isLeading()) await release();
      }
    },
  };
}
