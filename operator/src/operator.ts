import { isDeepStrictEqual } from 'node:util';
import { FIELD_MANAGER, GROUP } from '@cofferdam/crds';
import type { CertificateAuthority } from './ca/certificate-authority.ts';
import type { Facts } from './desired/facts.ts';
import type { ManagedTopicsPlan, TopicsOutcome } from './desired/topics.ts';
import type { TopicManagement } from './effects/kafka.ts';
import { strimziTopicManagement } from './effects/kafka-strimzi.ts';
import type { KeyManagement } from './effects/kms.ts';
import { remembered } from './effects/remembered.ts';
import { KEY_MEMORY, rememberedKeys } from './effects/remembered-keys.ts';
import type { StatuszReader } from './effects/statusz.ts';
import {
  type Clock,
  createApplySet,
  createClient,
  createEventRecorder,
  createLeaderElector,
  createOwnWrites,
  isKubeError,
  type KubeClient,
  type KubeObject,
  type LeaderElector,
  type Random,
  RESOURCES,
  systemClock,
  type Transport,
} from './engine/index.ts';
import type { OperatorMetrics } from './metrics.ts';
import { type Caches, createCaches } from './reconcile/caches.ts';
import { clusterFacts, type OperatorIdentity } from './reconcile/cluster-facts.ts';
import type { Context, Log, ResyncTimes } from './reconcile/context.ts';
import { type Controller, createController } from './reconcile/controller.ts';
import { mayReplace } from './reconcile/may-replace.ts';
import { keyPreparer } from './reconcile/prepare-keys.ts';
import { keySweeper } from './reconcile/sweep-keys.ts';

export type OperatorOptions = {
  transport: Transport;
  identity: OperatorIdentity;
  lease: { namespace: string; name: string; holder: string };
  /** Only these; then nothing is asked of the cluster as a whole. Default: all. */
  namespaces?: readonly string[] | undefined;
  keys: KeyManagement;
  topics: TopicManagement;
  statusz: StatuszReader;
  /** @param leader writes only while this process leads */
  authority: (leader: KubeClient) => CertificateAuthority;
  /** How often facts about the cluster, and the certificate authority, are looked at. Default 60 s. */
  factsEveryMs?: number;
  log: Log;
  metrics?: OperatorMetrics;
  workers?: number;
  clock?: Clock;
  random?: Random;
  resync?: ResyncTimes;
  patience?: Context['patience'];
  /** For how long what KMS and Kafka said holds: when all was well, and when not. */
  memory?: { fineMs: number; troubledMs: number; wholeMs?: number };
};

export type Operator = {
  /** Leads when it may, and works until `signal` aborts or the lease is lost. */
  run(signal: AbortSignal): Promise<void>;
  caches: Caches;
  authority: CertificateAuthority;
  elector: LeaderElector;
  /** Writes that the caches have not seen yet. */
  unseenWrites: () => number;
  /** While it leads. */
  controller: () => Controller | undefined;
};

/** A request that was sent as leader has ended before another can lead: leaseDuration - renewDeadline. */
const WRITE_TIMEOUT_MS = 5_000;
const FACTS_EVERY_MS = 60_000;
/** How often a resource is looked at without an event, unless said otherwise. */
export const RESYNC: ResyncTimes = { readyMs: 30_000, notReadyMs: 15_000, unreportedMs: 3_000 };

/** Everything wired together; `main.ts` gives it the real world, a test another. */
export function createOperator(options: OperatorOptions): Operator {
  const { transport, lease, log, keys, topics, clock = systemClock, random = Math.random } = options;
  const { memory = { fineMs: 600_000, troubledMs: 10_000 } } = options;
  const reader = createClient({ transport });
  const elector = createLeaderElector({
    client: createClient({ transport, fieldManager: FIELD_MANAGER, urgent: true }),
    namespace: lease.namespace,
    name: lease.name,
    identity: lease.holder,
    clock,
    random,
    onError: (error) => leaseTrouble(error),
  });
  const guard = () => elector.assertLeading();
  const caches = createCaches({
    client: reader,
    namespaces: options.namespaces,
    clock,
    random,
    onError: (resource, error, retryInMs) => {
      options.metrics?.watchFailed(resource.kind, error.code);
      const missing = error.code === 'not_found' && resource.group === GROUP;
      const hint = missing ? ': install the CustomResourceDefinitions (crds/yaml)' : '';
      const fields = { kind: resource.kind, err: error, retryInMs: Math.round(retryInMs) };
      log.warn(fields, `watch failed, will be resumed${hint}`);
    },
    onHandlerError: (error) => log.error({ err: error }, 'a handler of a cache failed'),
  });
  const guarded = createClient({
    transport,
    fieldManager: FIELD_MANAGER,
    guard,
    writeTimeoutMs: WRITE_TIMEOUT_MS,
  });
  const ownWrites = createOwnWrites({ client: guarded, cacheOf: caches.of, clock });
  const { client } = ownWrites;
  const strimzi = strimziTopicManagement(guarded);
  const authority = options.authority(guarded);
  let current: Controller | undefined;

  function leaseTrouble(error: unknown): void {
    const hint = isKubeError(error, 'not_found')
      ? `: create namespace ${lease.namespace}, or set LEASE_NAMESPACE`
      : '';
    log.warn({ err: error }, `the lease cannot be held${hint}`);
  }

  function context(facts: () => Facts): Context {
    const holdsMs = (answer: { problem?: unknown }) =>
      answer.problem === undefined ? memory.fineMs : memory.troubledMs;
    return {
      client,
      caches,
      caughtUp(kind, { metadata }) {
        const isCurrent = ownWrites.caughtUp(metadata.uid ?? '');
        if (!isCurrent) options.metrics?.staleCacheSkipped(kind.toLowerCase());
        return isCurrent;
      },
      clock,
      log,
      facts,
      releaseKey: (key, policy) => keys.release(key, policy, guard),
      retireKey: (place, keyArn) => keys.retire(place, keyArn, guard),
      key: rememberedKeys({ keys, guard, clock, random, times: { ...KEY_MEMORY, ...options.memory } }),
      topics: remembered({ clock, holdsMs, ask: ensureTopics }),
      applySet: createApplySet({
        client,
        manager: FIELD_MANAGER,
        annotation: `${GROUP}/applied`,
        mayAdopt: isOurs,
        mayReplace,
        clock,
      }),
      statusz: options.statusz,
      events: createEventRecorder({
        client,
        component: FIELD_MANAGER,
        instance: lease.holder,
        clock,
        onError: (error) => log.warn({ err: error }, 'an event was not written'),
      }),
      unanswered: new Map(),
      patience: options.patience ?? { Retain: 60_000, Delete: 600_000 },
      resync: options.resync ?? RESYNC,
    };
  }

  /** Nothing is planned with a bundle that lacks an authority which the leader has made. */
  async function gatherFacts(before?: ReadonlySet<string>): Promise<Facts> {
    await authority.keep();
    const facts = await clusterFacts(reader, options.identity, authority.bundle(), before);
    const { metadata } = await reader.get(RESOURCES.leases, lease);
    return { ...facts, installation: metadata.uid };
  }

  async function lead(signal: AbortSignal): Promise<void> {
    log.info({ holder: lease.holder }, 'leading');
    let facts: Facts | undefined;
    while (facts === undefined && !signal.aborted) {
      facts = await gatherFacts().catch((error) => {
        log.warn({ err: error }, 'facts about the cluster cannot be had yet');
        return undefined;
      });
      if (facts === undefined) await clock.sleep(2_000, signal);
    }
    if (facts === undefined) return;
    let known: Facts = facts;
    caches.follow(known.apis);
    await Promise.race([caches.synced(), aborted(signal)]);
    if (signal.aborted) return;
    const prepareKeys = keyPreparer({ caches, keys, guard, log });
    void prepareKeys();
    const controller = createController(
      context(() => known),
      {
        random,
        ...(options.workers === undefined ? {} : { workers: options.workers }),
        ...(options.metrics === undefined ? {} : { observer: options.metrics.queue }),
      },
    );
    current = controller;
    const sweepKeys = keySweeper({ caches, keys, guard, clock, log });
    while (!signal.aborted) {
      await clock.sleep(options.factsEveryMs ?? FACTS_EVERY_MS, signal);
      if (signal.aborted) break;
      void prepareKeys();
      void sweepKeys();
      try {
        const fresh = await gatherFacts(known.apis);
        if (isDeepStrictEqual(fresh, known)) continue;
        known = fresh;
        caches.follow(known.apis);
        controller.enqueueAll();
      } catch (error) {
        log.warn({ err: error }, 'facts about the cluster could not be read again');
      }
    }
    current = undefined;
    await controller.stop();
  }

  async function ensureTopics(plan: ManagedTopicsPlan): Promise<TopicsOutcome> {
    guard();
    return plan.manage === 'Strimzi' ? strimzi.ensure(plan) : topics.ensure(plan, guard);
  }

  return {
    caches,
    authority,
    elector,
    unseenWrites: () => ownWrites.pending,
    controller: () => current,
    async run(signal) {
      // Warm before it leads: taking over costs no list.
      caches.start();
      await elector.run(signal, lead);
      await caches.stop();
    },
  };
}

/** Made by this operator for an earlier resource of the same name, which is gone. */
function isOurs(existing: KubeObject): boolean {
  return existing.metadata.labels?.['app.kubernetes.io/managed-by'] === FIELD_MANAGER;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
