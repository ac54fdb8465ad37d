import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { ClusterError } from '../errors.ts';
import type { SupervisedChild, Supervisor } from '../process/index.ts';

/** A part of the cluster that is a process of its own and says on its first line of output that it is up. */
export type Part = { child: SupervisedChild; firstLine: unknown };

export type PartOptions = {
  /** For messages. */
  name: string;
  args: string[];
  env: Record<string, string>;
  logFile: string;
  timeoutMs: number;
};

/**
 * Starts a part from source and waits for its first line of JSON. All its output goes to its log.
 *
 * @throws ClusterError `start_failed`, with the end of its log
 */
export async function startPart(supervisor: Supervisor, options: PartOptions): Promise<Part> {
  const { name, args, env, logFile, timeoutMs } = options;
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  log.on('error', () => {}); // a full disk costs lines, not the cluster
  const child = await supervisor.start(process.execPath, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    graceMs: 8_000,
  });
  const { stdout, stderr } = child.process;
  stderr?.pipe(log, { end: false });
  const first = Promise.withResolvers<string>();
  if (stdout !== null) {
    createInterface({ input: stdout }).on('line', (line) => {
      first.resolve(line);
      log.write(`${line}\n`);
    });
  }
  const timer = setTimeout(
    () => first.reject(new Error(`was not up within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  void child.exited.then(({ code, signal }) =>
    first.reject(new Error(`ended with ${signal ?? `status ${code}`}`)),
  );
  try {
    return { child, firstLine: JSON.parse(await first.promise) };
  } catch (cause) {
    await child.stop({ graceMs: 0 });
    await new Promise((resolve) => log.end(resolve));
    const said = readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n');
    throw new ClusterError('start_failed', `${name} ${(cause as Error).message} (${logFile}):\n${said}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}
