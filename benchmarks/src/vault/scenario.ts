import { atLeast, below, type Findings, type Result, type Target } from '../harness/report.ts';
import type { RunContext, Scenario } from '../scenario.ts';
import { durabilitySettings, prepareBaseline } from './baseline.ts';
import { startVaultEnvironment } from './environment.ts';
import { type Bench, measureReplicas } from './measure.ts';
import { HELP, OPTIONS, readOptions, type VaultBenchOptions } from './options.ts';
import { migrate } from './processes.ts';
import { soak } from './soak.ts';

export const vaultScenario: Scenario = {
  name: 'vault',
  summary:
    'durable tokenizations a second beside pgbench, latency at half of that, reveals, a rekey, two processes',
  options: OPTIONS,
  help: HELP,
  prepare(values, quick) {
    const options = readOptions(values, quick);
    return (context) => measureVault(context, options);
  },
};

async function measureVault(context: RunContext, options: VaultBenchOptions): Promise<Findings> {
  context.progress.show('starting', 'PostgreSQL, KMS');
  const environment = await startVaultEnvironment(context.environment);
  try {
    const baselineUrl = await environment.postgres.createDatabase('baseline');
    await prepareBaseline(baselineUrl);
    await migrate(environment);
    const bench: Bench = { context, options, environment, baselineUrl, results: [], nextCard: 0 };
    const rates: number[] = [];
    for (const replicas of options.replicas) rates.push((await measureReplicas(bench, replicas)) / replicas);
    if (options.soakSeconds > 0) await soak(bench, Math.round(Math.min(...rates) / 2));
    const { seconds, soakSeconds, connections, replicas, nodeFlags } = options;
    return {
      settings: {
        ...{ seconds, soakSeconds, connections, replicas, nodeFlags },
        ...(await durabilitySettings(baselineUrl)),
        cards: 'all distinct',
        kms: 'devcluster addon',
        kafka: 'none',
        transport: 'TLS 1.3, HTTP/1.1, a JWT each',
      },
      results: bench.results,
      targets: targetsOf(bench.results),
    };
  } finally {
    await environment.close();
  }
}

const [RATIO, P99_MS, MEMORY_MIB, GROWTH_MIB] = [1, 50, 250, 10];

function targetsOf(results: readonly Result[]): Target[] {
  const figure = (name: string, key: string): number | null => {
    const value = results.find((result) => result.name.startsWith(name))?.[key];
    return typeof value === 'number' ? value : null;
  };
  const all = [
    atLeast(
      'tokenizations for a pgbench transaction, one vault process',
      { value: RATIO, unit: 'x' },
      figure('tokenize, 1 process', 'perBaselineTransaction'),
    ),
    below(
      'p99 at half of that rate',
      { value: P99_MS, unit: 'ms' },
      figure('tokenize at half the rate, 1 process', 'p99Ms'),
    ),
    below(
      'memory of a vault (peak RSS)',
      { value: MEMORY_MIB, unit: 'MiB' },
      Math.max(...results.map(({ rssPeakMiB }) => Number(rssPeakMiB ?? 0))),
    ),
    below(
      'memory of a vault: growth from the first third of the soak to the last (medians of RSS)',
      { value: GROWTH_MIB, unit: 'MiB' },
      figure('soak', 'rssGrowthMiB'),
    ),
  ];
  return all.filter(({ measured }) => measured !== null);
}
