import { runSchedules, type ScheduleOutcome } from '@cofferdam/operator/faults';
import { percentiles } from '../harness/percentiles.ts';
import { exactly, type Findings } from '../harness/report.ts';
import { wholeNumber } from '../harness/whole-number.ts';
import type { RunContext, Scenario } from '../scenario.ts';
import { SEED_HELP, seedOf } from './randomness.ts';

type Options = { runs: number; seed: number };

export const faultSchedulesScenario: Scenario = {
  name: 'fault-schedules',
  summary: 'schedules of faults at random: API server, KMS, brokers, lease, clock, kills',
  options: { runs: { type: 'string' }, seed: { type: 'string' } },
  help: ['--runs <n>   schedules; default 200, with --quick 8', SEED_HELP],
  prepare(values, quick) {
    const options = {
      runs: wholeNumber('--runs', values['runs'] ?? (quick ? 8 : 200), { from: 1, to: 100_000 }),
      seed: seedOf(values['seed']),
    };
    return (context) => measure(context, options);
  },
};

async function measure({ progress, signal }: RunContext, options: Options): Promise<Findings> {
  progress.show(`seed ${options.seed}`, 'starting');
  const every = Math.ceil(options.runs / 10);
  let wrong = 0;
  const outcomes = await runSchedules({
    ...options,
    signal,
    onOutcome(outcome, done) {
      wrong += problemsOf(outcome).length;
      const part = `${done - (done % every)} of ${options.runs} schedules`;
      progress.show(wrong === 0 ? part : `${part}, ${wrong} problems`, `${done}`);
    },
  });
  return findingsOf(outcomes, options);
}

export function findingsOf(outcomes: readonly ScheduleOutcome[], options: Options): Findings {
  const count = (kind: string) =>
    outcomes.flatMap(({ steps }) => steps).filter(({ fault }) => fault.kind === kind).length;
  const converged = outcomes.flatMap(({ convergedMs }) => convergedMs ?? []);
  const writesAtRest = outcomes.reduce((sum, one) => sum + one.writesAtRest.length, 0);
  return {
    settings: { ...options, apiServer: 'in memory (devcluster)' },
    results: [
      {
        name: `${outcomes.length} schedules`,
        ratePerSecond: null,
        ...percentiles(converged),
        errors: outcomes.length - converged.length,
        converged: converged.length,
        faults: outcomes.reduce((sum, { steps }) => sum + steps.length, 0),
        writesAtRest,
      },
      {
        name: 'faults',
        ratePerSecond: null,
        ...{ p50Ms: null, p99Ms: null, p999Ms: null },
        errors: 0,
        ...{ answers: count('answer'), connections: count('connection'), slowAnswers: count('slow') },
        ...{ watches: count('watches'), compactions: count('compaction'), leasesLost: count('lease') },
        ...{ kms: count('kms'), kafka: count('kafka'), clockJumps: count('clock'), kills: count('kill') },
      },
    ],
    targets: [
      exactly('schedules that do not converge', 0, outcomes.length - converged.length),
      exactly('writes at rest, two resync periods after each', 0, writesAtRest),
    ],
    problems: outcomes.flatMap(problemsOf),
  };
}

function problemsOf({ seed, steps, problem, writesAtRest }: ScheduleOutcome): string[] {
  const what = problem ?? (writesAtRest.length > 0 ? `wrote at rest: ${writesAtRest.join(', ')}` : undefined);
  return what === undefined ? [] : [`--runs 1 --seed ${seed}: ${what}\n${JSON.stringify(steps)}`];
}
