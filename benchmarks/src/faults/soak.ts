import { runSoak, type Sample, type Soaked, thirds } from '@cofferdam/operator/faults';
import { round } from '../harness/percentiles.ts';
import { below, exactly, type Findings, type Result, type Target } from '../harness/report.ts';
import { wholeNumber } from '../harness/whole-number.ts';
import type { RunContext, Scenario } from '../scenario.ts';

export const soakScenario: Scenario = {
  name: 'soak',
  summary: 'churn with broken watches: connections, descriptors and memory, and whether an event was missed',
  options: { seconds: { type: 'string' } },
  help: ['--seconds <n>   of churn; default 600, with --quick 15'],
  prepare(values, quick) {
    const seconds = wholeNumber('--seconds', values['seconds'] ?? (quick ? 15 : 600), {
      from: 5,
      to: 604_800,
    });
    return (context) => measure(context, seconds);
  },
};

async function measure({ progress, signal }: RunContext, seconds: number): Promise<Findings> {
  progress.show('starting');
  const every = Math.ceil(seconds / 10);
  const soaked = await runSoak({
    seconds,
    signal,
    onRound({ rounds, samples, missed }, atSeconds) {
      const { descriptors, connections, heapMiB = 0 } = samples.at(-1) ?? {};
      progress.show(
        `${Math.floor(atSeconds / every) * every} of ${seconds} s`,
        `${rounds} rounds, ${missed.length} missed, ${descriptors} descriptors, ${connections} connections, ${heapMiB.toFixed(1)} MiB`,
      );
    },
  });
  return findingsOf(soaked, seconds);
}

/** Between the median of the first and of the last third of the samples; more is a leak. */
const FLAT = { descriptors: 5, connections: 5, heapMiB: 5 } as const;
const UNIT = { descriptors: 'more', connections: 'more', heapMiB: 'MiB more' } as const;
type Figure = keyof typeof FLAT;
const FIGURES = Object.keys(FLAT) as Figure[];

export function findingsOf(soaked: Soaked, seconds: number): Findings {
  const { rounds, samples, comparisons, missed, writesAtRest } = soaked;
  const grown = FIGURES.map((figure): Target => {
    const { before, after } = thirds(samples, figure);
    return below(`growth of ${figure}`, { value: FLAT[figure], unit: UNIT[figure] }, round(after - before));
  });
  return {
    settings: { seconds, apiServer: 'in memory (devcluster), in the same process' },
    results: [
      {
        ...NOTHING,
        name: 'churn',
        errors: missed.length,
        ...{ rounds, comparisons, missed: missed.length, writesAtRest: writesAtRest.length },
      },
      ...FIGURES.map((figure) => seriesOf(figure, samples)),
    ],
    targets: [
      exactly('events missed, against a list', 0, missed.length),
      exactly('writes at rest, two resync periods', 0, writesAtRest.length),
      ...grown,
    ],
    problems: [
      ...(missed.length === 0 ? [] : [`missed: ${missed.join(', ')}`]),
      ...(writesAtRest.length === 0 ? [] : [`wrote at rest: ${writesAtRest.join(', ')}`]),
      ...grown
        .filter(({ met }) => !met)
        .map(({ name, wanted, measured }) => `${name}: ${measured}, wanted ${wanted}`),
    ],
  };
}

const NOTHING = { ratePerSecond: null, p50Ms: null, p99Ms: null, p999Ms: null };

function seriesOf(figure: Figure, samples: readonly Sample[]): Result {
  const values = samples.map((sample) => sample[figure]);
  const { before, after } = thirds(samples, figure);
  return {
    ...NOTHING,
    name: figure,
    errors: 0,
    samples: values.length,
    first: round(values[0] ?? null, 1),
    medianOfFirstThird: round(before, 1),
    medianOfLastThird: round(after, 1),
    last: round(values.at(-1) ?? null, 1),
    least: round(Math.min(...values), 1),
    most: round(Math.max(...values), 1),
  };
}
