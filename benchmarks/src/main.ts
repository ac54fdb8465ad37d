import { readCommand } from './command-line.ts';
import { hostEnvironment } from './config.ts';
import { BenchError } from './errors.ts';
import { describeMachine } from './harness/machine.ts';
import { createProgress } from './harness/progress.ts';
import { provenance } from './harness/provenance.ts';
import type { Report } from './harness/report.ts';
import { readable } from './harness/table.ts';
import { SCENARIOS } from './scenarios.ts';

const STATUS = { usage: 2, invalid: 1, stopped: 130 } as const;

const stopping = new AbortController();
const stop = (): void => {
  // The second Ctrl-C does not wait for the cleaning up; processes that we started end with us all the same.
  if (stopping.signal.aborted) process.exit(STATUS.stopped);
  process.stderr.write('\nstopping: cleaning up; once more to leave at once\n');
  stopping.abort(new BenchError('stopped', 'stopped'));
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

try {
  const args = process.argv.slice(2);
  const command = readCommand(args, SCENARIOS);
  if (command.do === 'help') process.stdout.write(command.text);
  else {
    const progress = createProgress(process.stderr);
    // Before the measurement: it takes a while, and may write files that Git knows.
    const origin = provenance(args);
    const findings = await command
      .measure({
        progress,
        signal: stopping.signal,
        quick: command.quick,
        environment: hostEnvironment(),
      })
      .finally(() => progress.end());
    const report: Report = {
      scenario: command.scenario.name,
      machine: describeMachine(),
      ...findings,
      settings: { ...origin, ...findings.settings },
    };
    if (report.problems?.length) process.exitCode = STATUS.invalid;
    process.stdout.write(command.json ? `${JSON.stringify(report, null, 2)}\n` : readable(report));
  }
} catch (error) {
  const known = stopping.signal.aborted ? new BenchError('stopped', 'stopped') : error;
  process.stderr.write(
    `bench: ${known instanceof BenchError ? known.message : ((error as Error).stack ?? error)}\n`,
  );
  process.exitCode = known instanceof BenchError ? STATUS[known.code] : STATUS.invalid;
}
// Whatever a scenario left open must not keep us: its processes end with this one.
await new Promise((done) => process.stdout.write('', done));
process.exit();
