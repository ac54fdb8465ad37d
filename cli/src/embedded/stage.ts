import { type ClusterError, isClusterError, type RunningCluster, startCluster } from '@cofferdam/devcluster';
import { Progress } from '../demo/progress.ts';
import { CliError } from '../errors.ts';
import { cacheDirectory } from './cache-directory.ts';

type StartOptions = Parameters<typeof startCluster>[0];

/** An embedded cluster that is up, and what a command needs while it is. */
export interface Stage {
  cluster: RunningCluster;
  progress: Progress;
  /** Aborted when somebody wants it to end. */
  signal: AbortSignal;
}

export type ClusterSettings = Omit<StartOptions, 'onProgress' | 'onFailure' | 'signal' | 'cacheDirectory'>;

export interface StageOptions {
  cluster: ClusterSettings | (() => Promise<ClusterSettings>);
  /** Ends after the act, and does not stay until Ctrl-C. */
  exit: boolean;
  /** After the end of a cluster that was up; not when another one has the same state directory. */
  cleanUp?: () => void;
}

/** What is played. What it returns goes on after it, and is ended before the cluster is. */
export type Act = (stage: Stage) => Promise<undefined | { stop(): Promise<void> }>;

/** How a shell tells that a program was interrupted. */
const INTERRUPTED = 130;

/**
 * Raises a cluster, plays the act on it, and stays until it is told to end. Told so before the act is over, the exit
 * status is 130: nobody may take that for one that worked. In whatever way it ends, nothing is left running.
 */
export async function onStage(options: StageOptions, act: Act): Promise<void> {
  // Whoever reads has gone (`| head`, a closed terminal): what we started has to be ended all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const progress = new Progress({ stream: process.stderr, now: () => performance.now() });
  const end = endSignal();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {}); // it may break before anybody waits
  end.addEventListener('abort', () => progress.finish());
  const settings = typeof options.cluster === 'function' ? await options.cluster() : options.cluster;
  const cluster = await raise(settings, { progress, signal: end, onFailure: broken.reject });
  if (cluster === undefined) {
    process.exitCode = INTERRUPTED;
    return;
  }
  let goingOn: Awaited<ReturnType<Act>>;
  try {
    const shown = act({ cluster, progress, signal: end }).then(async (left) => {
      goingOn = left;
      if (end.aborted) await left?.stop();
      return !end.aborted;
    });
    shown.catch(() => {}); // it may fail after the end, of what ended
    if (!(await Promise.race([shown, broken.promise, aborted(end)]))) {
      process.exitCode = INTERRUPTED;
      return;
    }
    if (options.exit) return;
    process.stderr.write('Everything stays up until Ctrl-C.\n');
    await Promise.race([aborted(end), broken.promise]);
  } finally {
    progress.finish();
    await goingOn?.stop();
    await cluster.stop();
    options.cleanUp?.();
  }
}

/** @returns the cluster; undefined when the signal ended its start */
async function raise(
  options: ClusterSettings,
  how: { progress: Progress; signal: AbortSignal; onFailure: (error: CliError) => void },
): Promise<RunningCluster | undefined> {
  const { progress, signal, onFailure } = how;
  const toCliError = (error: ClusterError) =>
    new CliError(
      error.code === 'cluster_running' ? 'cluster_running' : 'cluster_failed',
      error.code === 'state_unusable' ? `${error.message} with --state-directory` : error.message,
      error,
    );
  const cache = cacheDirectory();
  try {
    return await startCluster({
      ...options,
      ...(cache === undefined ? {} : { cacheDirectory: cache }),
      signal,
      onProgress: ({ part, state, detail }) => progress.set(part, state, detail),
      onFailure: (error) => onFailure(toCliError(error)),
    });
  } catch (error) {
    if (isClusterError(error) && error.code === 'stopped') return undefined;
    throw isClusterError(error) ? toCliError(error) : error;
  }
}

/** One Ctrl-C comes more than once: from the terminal, and from each npm between it and us. */
const SAME_KEY_PRESS_MS = 500;

/** Aborted at the first Ctrl-C or SIGTERM; a second one ends the process at once, and its children with it. */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  let first = Number.POSITIVE_INFINITY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (performance.now() - first > SAME_KEY_PRESS_MS) process.exit(INTERRUPTED);
      if (controller.signal.aborted) return;
      first = performance.now();
      process.stderr.write('Ending ...\n');
      controller.abort();
    });
  }
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
}
