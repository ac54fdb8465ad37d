import { randomBytes } from 'node:crypto';
import { round } from '../harness/percentiles.ts';
import { below, exactly, type Findings, type Result, type Target } from '../harness/report.ts';
import type { RunContext, Scenario } from '../scenario.ts';
import { checkCluster, forbidPods, hasControllers, installDefinitions, removeNamespaces } from './cluster.ts';
import { type Environment, startEnvironment } from './environment.ts';
import {
  type Bench,
  createNamespaces,
  measureConvergence,
  measureNewVaults,
  measureRest,
  measureRestart,
  type Place,
  settled,
} from './measure.ts';
import { startOperator } from './operator-process.ts';
import { HELP, OPTIONS, type OperatorBenchOptions, readOptions } from './options.ts';
import { tenants } from './resources.ts';
import { APPLIED, READY, startTracker } from './tracker.ts';

export const operatorScenario: Scenario = {
  name: 'operator',
  summary: 'many vaults, each with a connector, and one operator: speed, calls, memory, CPU, growth',
  options: OPTIONS,
  help: HELP,
  prepare(values, quick) {
    const options = readOptions(values, quick);
    return (context) => measureOperator(context, options);
  },
};

/** The shortest that the operator takes: with many vaults there is then always one that waits to be looked at again. */
const BUSY_RESYNC_SECONDS = 1;

async function measureOperator(context: RunContext, options: OperatorBenchOptions): Promise<Findings> {
  const results: Result[] = [];
  let workloads = '';
  for (const size of options.sizes) {
    const measured = await measureSize(context, options, size);
    results.push(...measured.results);
    workloads = measured.workloads;
  }
  return {
    settings: {
      date: new Date().toISOString().slice(0, 10),
      command: `npm run bench -- operator${context.quick ? ' --quick' : ''}`,
      sizes: options.sizes,
      samples: options.samples,
      resyncSeconds: options.resyncSeconds,
      kmsQuotaPercent: options.kmsQuotaPercent,
      kubeApiQps: options.kubeApiQps,
      apiServer: options.kubeconfig === undefined ? 'in memory (devcluster)' : 'given by --kubeconfig',
      workloads,
      kms: 'devcluster addon, a key and a grant for each vault',
      kafka: 'none',
    },
    results,
    targets: targetsOf(results, options.sizes),
  };
}

async function measureSize(context: RunContext, options: OperatorBenchOptions, size: number) {
  context.progress.show(`${size} vaults`, 'starting');
  const run = randomBytes(3).toString('hex');
  const environment = await startEnvironment({
    kubeconfig: options.kubeconfig,
    environment: context.environment,
  });
  try {
    return await measureIn({ context, options, environment, run, size });
  } finally {
    if (options.kubeconfig !== undefined) {
      context.progress.show(`${size} vaults`, 'removing namespaces');
      await removeNamespaces(environment.client, run);
    }
    await environment.close();
  }
}

type SizeRun = {
  context: RunContext;
  options: OperatorBenchOptions;
  environment: Environment;
  run: string;
  size: number;
};

async function measureIn({ context, options, environment, run, size }: SizeRun) {
  const { client } = environment;
  const given = options.kubeconfig !== undefined;
  const [home] = tenants(run, 'operator-', 1);
  const fleet = tenants(run, '', size);
  const samples = tenants(run, 'new-', options.samples);
  if (home === undefined) throw new Error('there is always one');
  if (given) await checkCluster(client);
  else await installDefinitions(client);
  const place: Place = { run, environment, context, quietMs: context.quick ? 1_000 : 3_000 };
  await createNamespaces(place, [home]);
  const controllers = given && (await hasControllers(client, home.namespace));
  await environment.startStandIn({ controllers: !given, workloads: !controllers });
  context.progress.show(`${size} vaults`, 'creating namespaces');
  await createNamespaces(place, [...fleet, ...samples]);
  if (controllers) for (const { namespace } of [...fleet, ...samples]) await forbidPods(client, namespace);

  const tracker = await startTracker(client, controllers ? APPLIED : READY);
  const bench: Bench = { ...place, tracker };
  const start = (resyncSeconds: number) =>
    startOperator(environment, {
      env: context.environment,
      leaseNamespace: home.namespace,
      tenants: [...fleet, ...samples],
      resyncSeconds,
      kmsQuotaPercent: options.kmsQuotaPercent,
      kubeApiQps: options.kubeApiQps,
      nodeFlags: options.nodeFlags,
      signal: context.signal,
    });
  try {
    const first = await start(options.resyncSeconds);
    const results = [await measureConvergence(bench, first, fleet)];
    results.push(await measureRest(bench, first, { vaults: size, resyncSeconds: options.resyncSeconds }));
    const stopMs = await first.stop();
    const startedAt = performance.now();
    const second = await start(options.resyncSeconds);
    results.push(await measureRestart(bench, second, { vaults: size, startedAt, stopMs }));
    await second.stop();
    const third = await start(BUSY_RESYNC_SECONDS);
    await settled(bench, third);
    results.push(await measureNewVaults(bench, third, { among: size, samples }));
    await third.stop();
    return { results, workloads: controllers ? FORBIDDEN : PLAYED };
  } finally {
    await tracker.stop();
  }
}

const FORBIDDEN = 'no pods (quota 0), Jobs marked complete: vaults count as converged when applied';
const PLAYED = 'played: Jobs complete and Deployments available at once, /statusz answered';

/** Growth beyond this between the smallest and the largest size is not linear. */
const LINEAR = 1.5;
/** Retries of conflicts are the only writes that may differ. */
const CONSTANT = 1.05;

function targetsOf(results: readonly Result[], sizes: readonly number[]): Target[] {
  const [smallest = 0, largest = 0] = [sizes[0], sizes.at(-1)];
  const figure = (name: string, key: string): number | null => {
    const value = results.find((result) => result.name === name)?.[key];
    return typeof value === 'number' ? value : null;
  };
  const at = (size: number, key: string) => figure(`converge ${size} vaults`, key);
  const ratio = (key: string) => {
    const [small, large] = [at(smallest, key), at(largest, key)];
    return small === null || large === null || small === 0 ? null : round(large / small);
  };
  const writesAtRest = sizes.map((size) => figure(`rest at ${size} vaults`, 'writes') ?? 0);
  const writesAtRestart = sizes.map((size) => figure(`restart at ${size} vaults`, 'writes') ?? 0);
  const total = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
  return [
    below(
      `memory of the operator at ${largest} vaults (peak RSS)`,
      { value: 286, unit: 'MiB' }, // 300 MB
      at(largest, 'rssPeakMiB'),
    ),
    below(
      `a new vault while ${largest} are looked at again (p99)`,
      { value: 2000, unit: 'ms' },
      figure(`a new vault among ${largest}`, 'p99Ms'),
    ),
    exactly('writes at rest, two resync periods', 0, total(writesAtRest)),
    exactly('writes after a restart', 0, total(writesAtRestart)),
    below(
      `time for a vault, ${largest} to ${smallest}`,
      { value: LINEAR, unit: 'x' },
      ratio('millisecondsPerVault'),
    ),
    below(`CPU for a vault, ${largest} to ${smallest}`, { value: LINEAR, unit: 'x' }, ratio('cpuMsPerVault')),
    below(
      `API writes for a vault, ${largest} to ${smallest}`,
      { value: CONSTANT, unit: 'x' },
      ratio('writesPerVault'),
    ),
    below(
      `KMS calls for a vault, ${largest} to ${smallest}`,
      { value: CONSTANT, unit: 'x' },
      ratio('kmsCallsPerVault'),
    ),
  ];
}
