import { runWalks, type Walk } from '@cofferdam/operator/faults';
import { percentiles } from '../harness/percentiles.ts';
import { exactly, type Findings } from '../harness/report.ts';
import { wholeNumber } from '../harness/whole-number.ts';
import type { RunContext, Scenario } from '../scenario.ts';
import { SEED_HELP, seedOf } from './randomness.ts';

type Options = { walks: number; steps: number; seed: number };

export const specificationWalkScenario: Scenario = {
  name: 'specification-walk',
  summary: "from one valid spec to another, generated from the CRDs' schemas, and back",
  options: { steps: { type: 'string' }, walks: { type: 'string' }, seed: { type: 'string' } },
  help: [
    '--steps <n>  changes tried in each walk; default 60, with --quick 6',
    '--walks <n>  walks; default 3',
    SEED_HELP,
  ],
  prepare(values, quick) {
    const options = {
      walks: wholeNumber('--walks', values['walks'] ?? 3, { from: 1, to: 1_000 }),
      steps: wholeNumber('--steps', values['steps'] ?? (quick ? 6 : 60), { from: 1, to: 10_000 }),
      seed: seedOf(values['seed']),
    };
    return (context) => measure(context, options);
  },
};

async function measure({ progress, signal }: RunContext, options: Options): Promise<Findings> {
  progress.show(`seed ${options.seed}`, 'starting');
  const every = Math.ceil((options.walks * options.steps) / 10);
  const walks = await runWalks({
    ...options,
    signal,
    onStep: (done, of) => progress.show(`${done - (done % every)} of ${of} steps`, `${done}`),
  });
  return findingsOf(walks, options);
}

export function findingsOf(walks: readonly Walk[], options: Options): Findings {
  const sum = (figure: (walk: Walk) => number) => walks.reduce((total, walk) => total + figure(walk), 0);
  const wrong = walks.filter(({ problem }) => problem !== undefined);
  const writesAtRest = sum((walk) => walk.writesAtRest.length);
  return {
    settings: { ...options, apiServer: 'in memory (devcluster)' },
    results: [
      {
        name: `${walks.length} walks`,
        ratePerSecond: null,
        ...percentiles(walks.flatMap(({ settledMs }) => settledMs)),
        errors: wrong.length,
        tried: options.walks * options.steps,
        // The rest was refused by the API server, or no change at all.
        steps: sum(({ steps }) => steps),
        stalled: sum(({ stalled }) => stalled),
        home: walks.length - wrong.length,
        writesAtRest,
      },
    ],
    targets: [
      exactly('walks in which it stumbled, or gave no reason, or did not come home', 0, wrong.length),
      exactly('writes at rest, two resync periods after each', 0, writesAtRest),
    ],
    problems: walks.flatMap((walk) => problemsOf(walk, options.steps)),
  };
}

function problemsOf({ seed, problem, writesAtRest }: Walk, steps: number): string[] {
  const what = problem ?? (writesAtRest.length > 0 ? `wrote at rest: ${writesAtRest.join(', ')}` : undefined);
  return what === undefined ? [] : [`--walks 1 --steps ${steps} --seed ${seed}: ${what}`];
}
