import type { ParseArgsOptionsConfig } from 'node:util';
import type { Progress } from './harness/progress.ts';
import type { Findings } from './harness/report.ts';

export type OptionValues = Record<string, string | boolean | (string | boolean)[] | undefined>;

export type RunContext = {
  progress: Progress;
  /** Aborted by Ctrl-C: the scenario cleans up and rejects. */
  signal: AbortSignal;
  /** Small sizes, under a minute: shows that it works, and proves little. */
  quick: boolean;
  /** For child processes. */
  environment: Record<string, string>;
};

/** One benchmark: `npm run bench -- <name>`. */
export type Scenario = {
  name: string;
  /** One line. */
  summary: string;
  /** Options of its own, beside --json, --quick and --help. */
  options: ParseArgsOptionsConfig;
  /** One line for each of them. */
  help: readonly string[];
  /**
   * Checks the options, and gives what measures.
   *
   * @throws BenchError `usage`: which option, what was found and what is wanted
   */
  prepare(values: OptionValues, quick: boolean): (context: RunContext) => Promise<Findings>;
};
