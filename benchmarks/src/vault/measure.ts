import { round } from '../harness/percentiles.ts';
import { usageOf } from '../harness/process-usage.ts';
import type { Result } from '../harness/report.ts';
import { pause } from '../harness/wait.ts';
import type { RunContext } from '../scenario.ts';
import { measureBaseline } from './baseline.ts';
import type { VaultEnvironment } from './environment.ts';
import type { Phase, PhaseResult } from './load/phase.ts';
import type { VaultBenchOptions } from './options.ts';
import {
  cpuOf,
  cpuOfPostgres,
  type LoadGenerator,
  startLoadGenerator,
  startReplica,
  type VaultReplica,
} from './processes.ts';

export type Bench = {
  context: RunContext;
  options: VaultBenchOptions;
  environment: VaultEnvironment;
  baselineUrl: string;
  results: Result[];
  /** No card is used twice in a run. */
  nextCard: number;
};

export type ReplicaSet = {
  bench: Bench;
  replicas: readonly VaultReplica[];
  load: LoadGenerator;
  name: string;
};

/** A vault that has just been started compiles what it runs, and has no connection and no key. */
const COLD_RATE = 500;
/** Until then V8 goes on compiling: after 3 s it still took a tenth of a vault's processor time. */
const WARM_UP_SECONDS = 10;

export async function warmUp(set: ReplicaSet): Promise<void> {
  const seconds = Math.min(WARM_UP_SECONDS, set.bench.options.seconds);
  await phase(set, 'warming up', { ratePerSecond: null, seconds });
}

/** Everything that is measured with so many vault processes. @returns tokenizations a second */
export async function measureReplicas(bench: Bench, count: number): Promise<number> {
  const { options } = bench;
  const name = `${count} ${count === 1 ? 'process' : 'processes'}`;
  const tokenizedPerSecond = await withReplicas(bench, { count, name, env: {} }, async (set) => {
    if (!options.isThroughputOnly) {
      await measure(set, `tokenize, cold, ${name}`, { ratePerSecond: COLD_RATE * count });
    }
    await warmUp(set);
    const full = await besidesBaseline(set, `tokenize, ${name}`);
    if (options.isThroughputOnly) return full;
    const half = Math.round(full / 2);
    await measure(set, `tokenize at half the rate, ${name}`, { ratePerSecond: half });
    await measure(set, `mixed at half the rate, ${name}`, { ratePerSecond: half, kind: 'mixed' });
    return full;
  });
  if (options.isThroughputOnly || count > 1) return tokenizedPerSecond;
  const env = { REKEY_GENERATION: '1' };
  await withReplicas(bench, { count, name, env }, async (set) => {
    await warmUp(set);
    await measure(set, `tokenize at half the rate while a rekey runs, ${name}`, {
      ratePerSecond: Math.round(tokenizedPerSecond / 2),
    });
  });
  return tokenizedPerSecond;
}

export async function withReplicas<T>(
  bench: Bench,
  { count, name, env }: { count: number; name: string; env: Record<string, string> },
  work: (set: ReplicaSet) => Promise<T>,
): Promise<T> {
  const { environment, options, context } = bench;
  context.progress.show(name, 'starting');
  const replicas = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      startReplica(environment, {
        name: `payments-vault-${i}`,
        env,
        nodeFlags: options.nodeFlags,
        signal: context.signal,
      }),
    ),
  );
  const load = await startLoadGenerator(environment);
  // Readiness is asked for by the load's first phase as well: a vault that has not asked KMS yet answers it late.
  await pause(1000, context.signal);
  const result = await work({ bench, replicas, load, name });
  await load.stop();
  await Promise.all(replicas.map((replica) => replica.stop()));
  return result;
}

/** The rate beside that of pgbench, measured before and after: what the machine does besides hits both. */
async function besidesBaseline(set: ReplicaSet, name: string): Promise<number> {
  const { bench } = set;
  const before = await baseline(bench);
  const tokenized = await measure(set, name, { ratePerSecond: null });
  const after = await baseline(bench);
  const perSecond = (before.perSecond + after.perSecond) / 2;
  tokenized['baselinePerSecond'] = round(perSecond, 1);
  tokenized['perBaselineTransaction'] = round((tokenized.ratePerSecond ?? 0) / perSecond);
  bench.results.push({
    ...{ name: `two-row transactions, ${bench.options.connections} connections: ${before.by}` },
    ...{ ratePerSecond: round(perSecond, 1), p50Ms: null, p99Ms: null, p999Ms: null, errors: 0 },
    ratePerSecondBefore: round(before.perSecond, 1),
    ratePerSecondAfter: round(after.perSecond, 1),
    postgresCpuMicrosecondsEach: round((before.cpuMicroseconds + after.cpuMicroseconds) / 2, 1),
  });
  return tokenized.ratePerSecond ?? 0;
}

async function baseline({ context, options, environment, baselineUrl }: Bench) {
  context.progress.show('two-row transactions');
  const { pid } = environment.postgres;
  const cpuBefore = cpuOfPostgres(pid);
  const { transactionsPerSecond, by } = await measureBaseline(baselineUrl, {
    ...{ connections: options.connections, seconds: options.seconds, signal: context.signal },
    path: context.environment['PATH'],
  });
  const cpu = cpuOfPostgres(pid) - cpuBefore;
  const cpuMicroseconds = (cpu * 1e6) / (transactionsPerSecond * options.seconds);
  return { perSecond: transactionsPerSecond, by, cpuMicroseconds };
}

/** One phase of load, with what it took of each process. */
async function measure(set: ReplicaSet, name: string, wanted: Partial<Phase>): Promise<Result> {
  const { bench, replicas, load } = set;
  const { postgres } = bench.environment;
  const cpus = () => ({
    vault: replicas.reduce((sum, { pid }) => sum + cpuOf(pid), 0),
    postgres: cpuOfPostgres(postgres.pid),
    load: cpuOf(load.pid),
  });
  const [before, startedAt] = [cpus(), performance.now()];
  const { answered, firstError, cards, maxMs, ...rest } = await phase(set, name, wanted);
  const [after, seconds] = [cpus(), (performance.now() - startedAt) / 1000];
  const each = (of: 'vault' | 'postgres' | 'load') => round(((after[of] - before[of]) * 1e6) / answered, 1);
  const cores = (of: 'vault' | 'postgres' | 'load') => round((after[of] - before[of]) / seconds);
  const usages = replicas.map(({ pid }) => usageOf(pid));
  const result: Result = {
    ...{ name, ...rest, maxMs, answered },
    ...(firstError === null ? {} : { firstError }),
    offeredPerSecond: wanted.ratePerSecond ?? null,
    vaultCores: cores('vault'),
    postgresCores: cores('postgres'),
    loadCores: cores('load'),
    vaultCpuMicrosecondsEach: each('vault'),
    postgresCpuMicrosecondsEach: each('postgres'),
    loadCpuMicrosecondsEach: each('load'),
    rssMiB: round(Math.max(...usages.map(({ rssMiB }) => rssMiB)), 1),
    rssPeakMiB: round(Math.max(...usages.map(({ rssPeakMiB }) => rssPeakMiB)), 1),
  };
  bench.results.push(result);
  return result;
}

export async function phase(
  { bench, replicas, load }: ReplicaSet,
  step: string,
  wanted: Partial<Phase>,
): Promise<PhaseResult> {
  const { context, options } = bench;
  context.progress.show(step);
  context.signal.throwIfAborted();
  const result = await load.run({
    urls: replicas.map(({ url }) => url),
    connections: options.connections,
    seconds: options.seconds,
    ratePerSecond: null,
    kind: 'tokenize',
    firstCard: bench.nextCard,
    ...wanted,
  });
  bench.nextCard += result.cards;
  return result;
}
