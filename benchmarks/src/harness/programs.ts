import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SupervisedChild, Supervisor } from '@cofferdam/devcluster/process';
import { BenchError } from '../errors.ts';

/** A process of its own, so that its memory and CPU are nobody else's. */
export type Program = { child: SupervisedChild; logFile: string };

export type ProgramOptions = {
  /** For messages and the log file. */
  name: string;
  /** What Node is given: flags, the module, its arguments. */
  args: readonly string[];
  env: Record<string, string>;
  /** Default: ours. */
  cwd?: string;
  logDirectory: string;
  /** Told of each line on stdout. */
  onLine?: (line: string) => void;
};

/** Starts a module with the Node.js that runs us. It ends with us, whatever way that goes. */
export async function startProgram(supervisor: Supervisor, options: ProgramOptions): Promise<Program> {
  const { name, args, env, cwd, logDirectory, onLine } = options;
  mkdirSync(logDirectory, { recursive: true });
  const logFile = join(logDirectory, `${name}.log`);
  const log = createWriteStream(logFile, { flags: 'a' });
  log.on('error', () => {}); // a full disk costs lines, not the measurement
  const child = await supervisor.start(process.execPath, args, {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = child.process;
  stderr?.pipe(log, { end: false });
  if (stdout !== null) {
    createInterface({ input: stdout }).on('line', (line) => {
      log.write(`${line}\n`);
      onLine?.(line);
    });
  }
  return { child, logFile };
}

/**
 * Starts a module and waits for the first line of JSON for which `isUp` gives something.
 *
 * @throws BenchError `invalid` with the end of its log, when it ends first or takes too long
 */
export async function startServer<T>(
  supervisor: Supervisor,
  options: ProgramOptions & { isUp: (line: Record<string, unknown>) => T | undefined },
): Promise<Program & { up: T }> {
  const up = Promise.withResolvers<T>();
  const program = await startProgram(supervisor, {
    ...options,
    onLine(line) {
      options.onLine?.(line);
      const found = parsed(line, options.isUp);
      if (found !== undefined) up.resolve(found);
    },
  });
  const timer = setTimeout(() => up.reject(new Error('was not up within 60 s')), 60_000);
  void program.child.exited.then(({ code, signal }) =>
    up.reject(new Error(`ended with ${signal ?? `status ${code}`}`)),
  );
  try {
    return { ...program, up: await up.promise };
  } catch (cause) {
    await program.child.stop({ graceMs: 0 });
    throw new BenchError(
      'invalid',
      `${options.name} ${(cause as Error).message}:\n${endOf(program.logFile)}`,
      {
        cause,
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** The last lines of a log, for a message. */
export function endOf(logFile: string): string {
  return readFileSync(logFile, 'utf8').trim().split('\n').slice(-10).join('\n');
}

function parsed<T>(line: string, isUp: (line: Record<string, unknown>) => T | undefined): T | undefined {
  try {
    return isUp(JSON.parse(line) as Record<string, unknown>);
  } catch {
    return undefined;
  }
}
