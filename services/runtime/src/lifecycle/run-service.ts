import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError, StartError } from '../errors.ts';
import type { Readiness } from '../http/readiness.ts';
import type { Logger } from '../logging/logger.ts';
import { scrub } from '../logging/scrub.ts';
import { Lifecycle } from './lifecycle.ts';

export interface RunningService {
  logger: Logger;
  /** Set to draining first; endpoints are removed while requests under way are finished. */
  readiness?: Readiness;
  /** Without it the process is a task: it ends when `start` has resolved. */
  serves: boolean;
}

export interface RunOptions {
  /** Between "not ready" and the closing of the port, so that no new request finds it closed. Default 1000. */
  drainMs?: number;
  /** Longest time for closing everything. Default 15000. */
  closeTimeoutMs?: number;
}

/**
 * The frame of a process. A {@link StartError} ends it with one line and status 1; SIGTERM and SIGINT let it finish
 * what is under way; anything that nobody caught is logged and ends it, because its state is no longer known.
 */
export async function runService(
  name: string,
  start: (lifecycle: Lifecycle) => Promise<RunningService>,
  options: RunOptions = {},
): Promise<void> {
  hardenProcess();
  const lifecycle = new Lifecycle();
  let running: RunningService | undefined;

  const stop = once(async (reason: string, status: number) => {
    running?.logger.info({ reason }, 'stopping');
    running?.readiness?.drain();
    if (running?.readiness) await sleep(options.drainMs ?? 1000);
    const clean = await lifecycle.close(running?.logger, options.closeTimeoutMs ?? 15_000);
    process.exit(clean ? status : 1);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal, 0));
  const crash = (error: unknown) => {
    if (running && !(error instanceof StartError)) running.logger.fatal({ err: error }, 'uncaught error');
    else fail(name, error);
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);

  try {
    running = await start(lifecycle);
  } catch (error) {
    fail(name, error);
    await lifecycle.close(undefined, 2000);
    process.exit(1);
  }
  if (!running.serves) await stop('done', 0);
}

/** One line for what we foresee (a setting, a database that is away); a stack for what we do not. */
function fail(name: string, error: unknown): void {
  const foreseen = error instanceof StartError || error instanceof ProblemError;
  const text =
    listenProblem(error) ??
    (error instanceof Error ? (foreseen ? messages(error) : (error.stack ?? error.message)) : String(error));
  process.stderr.write(`${scrub(`${name}: ${text}`)}\n`);
}

/** The address of the settings HOST and PORT cannot be had. */
function listenProblem(error: unknown): string | undefined {
  const { syscall, code, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (!(error instanceof Error) || syscall !== 'listen') return undefined;
  const why = code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be listened on (${code})`;
  return `${address}:${port} ${why}: set PORT or HOST to another`;
}

function messages(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${messages(error.cause)}` : error.message;
}

/**
 * Memory holds keys and card numbers. A diagnostic report, with the environment and strings of the stack, is never
 * written, and SIGUSR1, to which Node.js would answer by opening its inspector, does nothing. (Whether the kernel writes
 * core dumps is not a process's own to say: the container's limits are.)
 */
function hardenProcess(): void {
  process.on('SIGUSR1', () => undefined);
  process.report.reportOnFatalError = false;
  process.report.reportOnSignal = false;
  process.report.reportOnUncaughtException = false;
}

function once<A extends unknown[]>(work: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  let first: Promise<void> | undefined;
  return (...args) => {
    first ??= work(...args);
    return first;
  };
}
