import { parseArgs } from 'node:util';
import { BenchError } from './errors.ts';
import type { Findings } from './harness/report.ts';
import type { RunContext, Scenario } from './scenario.ts';

export type Command =
  | { do: 'help'; text: string }
  | {
      do: 'run';
      scenario: Scenario;
      json: boolean;
      quick: boolean;
      measure: (context: RunContext) => Promise<Findings>;
    };

const COMMON = {
  json: { type: 'boolean' },
  quick: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws BenchError `usage` */
export function readCommand(args: readonly string[], scenarios: readonly Scenario[]): Command {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') return { do: 'help', text: help(scenarios) };
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) {
    const known = scenarios.map((one) => one.name).join(', ');
    throw new BenchError('usage', `there is no scenario ${JSON.stringify(name)}: there is ${known}`);
  }
  const values = parsed(scenario, rest);
  if (values['help']) return { do: 'help', text: help([scenario]) };
  const quick = values['quick'] === true;
  return {
    do: 'run',
    scenario,
    json: values['json'] === true,
    quick,
    measure: scenario.prepare(values, quick),
  };
}

function parsed(scenario: Scenario, args: string[]) {
  try {
    return parseArgs({ args, options: { ...COMMON, ...scenario.options }, strict: true }).values;
  } catch (error) {
    // `Unknown option '--x'. To specify a positional ...`: the first sentence says it.
    const [said = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new BenchError('usage', `${said}; see npm run bench -- ${scenario.name} --help`);
  }
}

function help(scenarios: readonly Scenario[]): string {
  return [
    'npm run bench -- <scenario> [--json] [--quick]',
    '',
    ...scenarios.flatMap(({ name, summary, help: lines }) => [
      `${name}: ${summary}`,
      ...lines.map((l) => `  ${l}`),
      '',
    ]),
    '  --quick   small sizes, under a minute',
    '  --json    the report as JSON, alone on stdout',
    '',
    'Exit status: 0 when the measurement was valid, whether or not a target was met; 1 when it was not, or when it',
    'found the operator to be wrong; 2 for a wrong command line; 130 after Ctrl-C.',
    '',
  ].join('\n');
}
