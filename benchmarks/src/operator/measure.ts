import { RESOURCES } from '@cofferdam/operator/engine';
import { percentiles, round } from '../harness/percentiles.ts';
import { usageOf } from '../harness/process-usage.ts';
import type { Result } from '../harness/report.ts';
import { inParallel, pause, waitUntil } from '../harness/wait.ts';
import type { RunContext } from '../scenario.ts';
import type { Environment } from './environment.ts';
import type { Counters, OperatorProcess } from './operator-process.ts';
import {
  connectorOf,
  namespaceOf,
  PAYMENT_VAULTS,
  PSP_CONNECTORS,
  type Tenant,
  vaultOf,
} from './resources.ts';
import type { Tracker } from './tracker.ts';

/** Where a size is measured. */
export type Place = {
  run: string;
  environment: Environment;
  context: RunContext;
  /** For how long the system has to be silent before it counts as settled, milliseconds. */
  quietMs: number;
};
/** What every step works with. */
export type Bench = Place & { tracker: Tracker };

const NOTHING = { ratePerSecond: null, p50Ms: null, p99Ms: null, p999Ms: null };

/** Everything that the machine can send at once, as a Git sync of a whole fleet would. */
const APPLY_WIDTH = 16;
const CONVERGE_TIMEOUT_MS = 45 * 60_000;

export async function createNamespaces(place: Place, tenants: readonly Tenant[]): Promise<void> {
  const { environment, run, context } = place;
  await inParallel(tenants, APPLY_WIDTH, async (tenant) => {
    context.signal.throwIfAborted();
    await environment.client.apply(RESOURCES.namespaces, namespaceOf(tenant, run));
  });
}

async function applyTenant({ environment }: Bench, tenant: Tenant): Promise<void> {
  const { client, kms } = environment;
  const surroundings = { kmsEndpoint: kms.url, kmsRegion: kms.region };
  await client.apply(PAYMENT_VAULTS, vaultOf(tenant, surroundings));
  await client.apply(PSP_CONNECTORS, connectorOf(tenant));
}

/** Applies all tenants at once, and waits until all are as wanted. */
export async function measureConvergence(
  bench: Bench,
  operator: OperatorProcess,
  tenants: readonly Tenant[],
): Promise<Result> {
  const { context, tracker } = bench;
  const { progress, signal } = context;
  const before = await operator.counters();
  const cpuBefore = usageOf(operator.pid).cpuSeconds;
  const begun = performance.now();
  const appliedAt = new Map<string, number>();
  await inParallel(tenants, APPLY_WIDTH, async (tenant) => {
    signal.throwIfAborted();
    appliedAt.set(tenant.namespace, performance.now());
    await applyTenant(bench, tenant);
  });
  const appliedSeconds = (performance.now() - begun) / 1000;
  const open = () => tenants.filter(({ namespace }) => !tracker.doneAt.has(namespace));
  await waitUntil(
    () => {
      operator.assertRunning();
      const left = open().length;
      progress.show(`${tenants.length} vaults converge`, `${tenants.length - left}`);
      return left === 0 ? true : undefined;
    },
    {
      signal,
      timeoutMs: CONVERGE_TIMEOUT_MS,
      everyMs: 250,
      onTimeout: () =>
        `${open().length} of ${tenants.length} vaults did not converge; ${whyNot(bench, open())}`,
    },
  );
  const finished = Math.max(...tenants.map(({ namespace }) => tracker.doneAt.get(namespace) ?? 0));
  const seconds = (finished - begun) / 1000;
  const after = await settled(bench, operator);
  const cpuSeconds = usageOf(operator.pid).cpuSeconds - cpuBefore;
  const perVault = (value: number) => round(value / tenants.length);
  const latencies = tenants.map(
    ({ namespace }) => (tracker.doneAt.get(namespace) ?? 0) - (appliedAt.get(namespace) ?? 0),
  );
  return {
    name: `converge ${tenants.length} vaults`,
    ratePerSecond: round(tenants.length / seconds),
    ...percentiles(latencies),
    errors: after.failures - before.failures,
    objectsInCaches: await operator.cachedObjects(),
    seconds: round(seconds),
    appliedInSeconds: round(appliedSeconds),
    millisecondsPerVault: round((seconds * 1000) / tenants.length),
    readsPerVault: perVault(after.reads - before.reads),
    writesPerVault: perVault(after.writes - before.writes),
    eventsPerVault: perVault(after.events - before.events),
    reconcilesPerVault: perVault(after.reconciles - before.reconciles),
    kmsCallsPerVault: perVault(after.kmsCalls - before.kmsCalls),
    cpuSeconds: round(cpuSeconds),
    cpuMsPerVault: round((cpuSeconds * 1000) / tenants.length),
    rssPeakMiB: round(usageOf(operator.pid).rssPeakMiB, 1),
    rssSettledMiB: round(usageOf(operator.pid).rssMiB, 1),
    heapMiB: round(after.heapMiB, 1),
  };
}

function whyNot({ tracker, environment }: Bench, open: readonly Tenant[]): string {
  const first = open[0]?.namespace ?? '';
  return `${first}:\n${tracker.missing(first)}\nlogs: ${environment.logDirectory}`;
}

/** A scrape tells of every resource, and is the operator's work: seldom enough not to be what is measured. */
const SCRAPE_EVERY_MS = 1_000;

/** Waits until nothing has been written for a while. */
export async function settled({ context, quietMs }: Bench, operator: OperatorProcess): Promise<Counters> {
  let last = await operator.counters();
  let quietSince = performance.now();
  return waitUntil(
    async () => {
      const now = await operator.counters();
      if (now.writes !== last.writes || now.events !== last.events) quietSince = performance.now();
      last = now;
      context.progress.show('settling');
      return performance.now() - quietSince >= quietMs ? now : undefined;
    },
    {
      signal: context.signal,
      timeoutMs: 600_000,
      everyMs: 200,
      onTimeout: () =>
        `the operator was still writing 10 min after all was done (${last.writes} writes so far)`,
    },
  );
}

/**
 * Leaves the system alone for two resync periods, and until everything has been looked at twice: what was not looked
 * at proves nothing by not being written.
 */
export async function measureRest(
  bench: Bench,
  operator: OperatorProcess,
  options: { vaults: number; resyncSeconds: number },
): Promise<Result> {
  const { context } = bench;
  const { vaults } = options;
  const periods = 2 * options.resyncSeconds;
  const before = await operator.counters();
  const requestsBefore = await operator.requests();
  const cpuBefore = usageOf(operator.pid).cpuSeconds;
  const begun = performance.now();
  const passed = () => (performance.now() - begun) / 1000;
  const after = await waitUntil(
    async () => {
      const left = Math.max(0, periods - passed());
      context.progress.show(
        `${vaults} vaults at rest`,
        left === 0 ? 'a little more' : `${left.toFixed(0)} s more`,
      );
      if (left > 0) return undefined;
      const now = await operator.counters();
      return now.reconciles - before.reconciles >= 2 * 2 * vaults ? now : undefined;
    },
    {
      signal: context.signal,
      timeoutMs: 4 * periods * 1000,
      everyMs: SCRAPE_EVERY_MS,
      onTimeout: () =>
        `in eight resync periods not each of ${vaults} vaults and connectors was looked at twice`,
    },
  );
  const seconds = passed();
  const writes = after.writes - before.writes;
  const usage = usageOf(operator.pid);
  const reconciles = after.reconciles - before.reconciles;
  return {
    name: `rest at ${vaults} vaults`,
    ...NOTHING,
    ratePerSecond: round(reconciles / seconds),
    errors: after.failures - before.failures,
    seconds: round(seconds),
    writes,
    ...(writes === 0 ? {} : { written: differences(requestsBefore, await operator.requests()) }),
    events: after.events - before.events,
    reads: after.reads - before.reads,
    reconciles,
    kmsCalls: after.kmsCalls - before.kmsCalls,
    cpuShareOfOneCore: round((usage.cpuSeconds - cpuBefore) / seconds),
    cpuMsPerReconcile: round(((usage.cpuSeconds - cpuBefore) * 1000) / reconciles),
    rssMiB: round(usage.rssMiB, 1),
    heapMiB: round(after.heapMiB, 1),
  };
}

function differences(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string {
  return [...after]
    .map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
    .filter(([name, count]) => count > 0 && !/^(get|list|watch) | (leases|events)$/.test(name))
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

/** Begins when the process does, and ends when every resource has been looked at once. */
export async function measureRestart(
  bench: Bench,
  operator: OperatorProcess,
  options: { vaults: number; startedAt: number; stopMs: number },
): Promise<Result> {
  const { context } = bench;
  const counters = await waitUntil(
    async () => {
      const now = await operator.counters();
      context.progress.show('restarted', `${now.reconciles} of ${2 * options.vaults} looked at`);
      return now.reconciles >= 2 * options.vaults && now.waiting === 0 ? now : undefined;
    },
    {
      signal: context.signal,
      timeoutMs: 600_000,
      everyMs: SCRAPE_EVERY_MS / 2,
      onTimeout: () => 'after a restart not every resource was looked at within 10 min',
    },
  );
  const doneSeconds = (performance.now() - options.startedAt) / 1000;
  const quiet = await settled(bench, operator);
  const usage = usageOf(operator.pid);
  return {
    name: `restart at ${options.vaults} vaults`,
    ...NOTHING,
    ratePerSecond: null,
    errors: quiet.failures,
    stopMs: round(options.stopMs),
    syncedSeconds: round(operator.syncedAfterMs / 1000),
    allLookedAtSeconds: round(doneSeconds),
    writes: quiet.writes,
    ...(quiet.writes === 0 ? {} : { written: differences(new Map(), await operator.requests()) }),
    events: quiet.events,
    reads: counters.reads,
    kmsCalls: quiet.kmsCalls,
    rssPeakMiB: round(usage.rssPeakMiB, 1),
    rssMiB: round(usage.rssMiB, 1),
    heapMiB: round(quiet.heapMiB, 1),
  };
}

/** One new vault after the other, while all that there were are looked at again and again. */
export async function measureNewVaults(
  bench: Bench,
  operator: OperatorProcess,
  options: { among: number; samples: readonly Tenant[] },
): Promise<Result> {
  const { context, tracker } = bench;
  const { signal, progress } = context;
  const before = await operator.counters();
  const begun = performance.now();
  const cpuBefore = usageOf(operator.pid).cpuSeconds;
  const latencies: number[] = [];
  let deepest = 0;
  for (const tenant of options.samples) {
    progress.show(`a new vault among ${options.among}`, `${latencies.length} of ${options.samples.length}`);
    if (latencies.length % 5 === 0) deepest = Math.max(deepest, (await operator.counters()).waiting);
    const appliedAt = performance.now();
    await applyTenant(bench, tenant);
    const doneAt = await waitUntil(() => tracker.doneAt.get(tenant.namespace), {
      signal,
      timeoutMs: 120_000,
      everyMs: 5,
      onTimeout: () => `a new vault was not ready within 2 min; ${whyNot(bench, [tenant])}`,
    });
    latencies.push(doneAt - appliedAt);
    await pause(200, signal);
  }
  const seconds = (performance.now() - begun) / 1000;
  const after = await operator.counters();
  return {
    name: `a new vault among ${options.among}`,
    ratePerSecond: null,
    ...percentiles(latencies),
    errors: after.failures - before.failures,
    samples: latencies.length,
    maximumMs: round(Math.max(...latencies), 1),
    resyncsPerSecond: round((after.reconciles - before.reconciles) / seconds),
    deepestQueue: deepest,
    cpuShareOfOneCore: round((usageOf(operator.pid).cpuSeconds - cpuBefore) / seconds),
  };
}
