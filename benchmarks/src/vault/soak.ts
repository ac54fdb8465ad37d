import { percentile, round } from '../harness/percentiles.ts';
import { usageOf } from '../harness/process-usage.ts';
import type { PhaseResult } from './load/phase.ts';
import { type Bench, phase, type ReplicaSet, warmUp, withReplicas } from './measure.ts';
import { startLoadGenerator } from './processes.ts';

const SAMPLE_MS = 1000;
/** The tokens of a load generator live ten minutes, which a soak may last by itself. */
const LONGEST_PHASE_SECONDS = 120;

/** Whether the memory of a vault stays where it is: one process at half the rate, its RSS every second. */
export async function soak(bench: Bench, ratePerSecond: number): Promise<void> {
  await withReplicas(bench, { count: 1, name: 'soak', env: {} }, async (set) => {
    await warmUp(set);
    const pid = set.replicas[0]?.pid ?? 0;
    const rssMiB = [usageOf(pid).rssMiB];
    const sampling = setInterval(() => rssMiB.push(usageOf(pid).rssMiB), SAMPLE_MS);
    const phases: PhaseResult[] = [];
    try {
      for (let left = bench.options.soakSeconds; left > 0; left -= LONGEST_PHASE_SECONDS) {
        phases.push(await phaseOfItsOwn(set, { left, ratePerSecond }));
      }
    } finally {
      clearInterval(sampling);
    }
    bench.results.push(
      resultOf(bench, { ratePerSecond, rssMiB, rssPeakMiB: usageOf(pid).rssPeakMiB, phases }),
    );
  });
}

async function phaseOfItsOwn(
  set: ReplicaSet,
  { left, ratePerSecond }: { left: number; ratePerSecond: number },
): Promise<PhaseResult> {
  const load = await startLoadGenerator(set.bench.environment);
  try {
    const seconds = Math.min(left, LONGEST_PHASE_SECONDS);
    return await phase({ ...set, load }, `soak, ${left} s to go`, { seconds, ratePerSecond });
  } finally {
    await load.stop();
  }
}

function resultOf(
  { options }: Bench,
  soaked: {
    ratePerSecond: number;
    rssMiB: readonly number[];
    rssPeakMiB: number;
    phases: readonly PhaseResult[];
  },
) {
  const { rssMiB, phases, ratePerSecond } = soaked;
  const third = Math.max(1, Math.floor(rssMiB.length / 3));
  const first = percentile(rssMiB.slice(0, third), 0.5) ?? 0;
  const last = percentile(rssMiB.slice(-third), 0.5) ?? 0;
  const answered = phases.reduce((sum, one) => sum + one.answered, 0);
  const firstError = phases.find((one) => one.firstError !== null)?.firstError;
  // Percentiles cannot be added up: the worst of the phases stands for all.
  const worst = (of: 'p50Ms' | 'p99Ms' | 'p999Ms') => Math.max(...phases.map((one) => one[of] ?? 0));
  return {
    name: `soak: ${options.soakSeconds} s at half the rate, 1 process`,
    ratePerSecond: round(answered / options.soakSeconds, 1),
    ...{ p50Ms: worst('p50Ms'), p99Ms: worst('p99Ms'), p999Ms: worst('p999Ms') },
    errors: phases.reduce((sum, one) => sum + one.errors, 0),
    ...(firstError ? { firstError } : {}),
    offeredPerSecond: ratePerSecond,
    answered,
    rssFirstThirdMiB: round(first, 1),
    rssLastThirdMiB: round(last, 1),
    rssGrowthMiB: round(last - first, 1),
    rssPeakMiB: round(soaked.rssPeakMiB, 1),
  };
}
