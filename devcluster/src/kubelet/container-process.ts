import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Container, Pod } from '../controllers/objects.ts';
import type { SupervisedChild } from '../process/index.ts';
import { openContainerLog } from './container-log.ts';
import type { KubeletContext } from './context.ts';
import type { PodAddresses } from './downward.ts';
import { containerEnvironment, expand } from './environment.ts';
import type { Entrypoint } from './images.ts';
import { rewriteMountPaths } from './mount-paths.ts';
import type { PodFiles } from './pod-files.ts';

const preload = new URL('./preload.ts', import.meta.url);

export type ContainerProcess = {
  pid: number;
  /** As a shell would say it: 128 and the signal's number for a process that was killed. */
  exited: Promise<{ exitCode: number; signal: number | undefined }>;
  stop(graceMs: number): Promise<void>;
};

export type ProcessRequest = {
  context: KubeletContext;
  pod: Pod;
  container: Container;
  entrypoint: Entrypoint;
  files: PodFiles;
  addresses: PodAddresses;
  podLogs: string;
  restart: number;
};

/**
 * Starts a container's process.
 *
 * @throws MissingReferenceError when its environment refers to what is not there
 */
export async function startContainerProcess(request: ProcessRequest): Promise<ContainerProcess> {
  const { context, pod, container, entrypoint, files, addresses, podLogs, restart } = request;
  const mounts = files.mounts(container);
  const base: Record<string, string> = { ...nodeEnvironment(request), ...files.identityEnvironment() };
  const raw = containerEnvironment(container, { pod, addresses, sources: await files.sources(pod), base });
  // What the node itself adds are real paths already, which may lie below what the manifest calls /tmp.
  const env = Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [
      name,
      base[name] === value ? value : rewriteMountPaths(value, mounts),
    ]),
  );
  const args = (container.args ?? []).map((arg) => rewriteMountPaths(expand(arg, raw), mounts));
  const child = await context.supervisor.start(entrypoint.program, [...entrypoint.args, ...args], {
    cwd: files.directory,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // When this whole node dies; a pod that is deleted has its own grace period.
    graceMs: 2_000,
  });
  const log = openContainerLog(podLogs, container.name, restart);
  if (child.process.stdout !== null) log.follow(child.process.stdout, 'stdout');
  if (child.process.stderr !== null) log.follow(child.process.stderr, 'stderr');
  return {
    pid: child.pid,
    exited: exitOf(child).finally(() => log.close()),
    stop: async (graceMs) => void (await child.stop({ graceMs })),
  };
}

/** What a process needs of its machine, and nothing that this machine's user has in his own environment. */
function nodeEnvironment({ context, pod, files, addresses }: ProcessRequest): Record<string, string> {
  const url = new URL(preload);
  url.searchParams.set('podIp', addresses.podIp);
  url.searchParams.set('namespace', pod.metadata.namespace);
  url.searchParams.set('hosts', context.hostsFile);
  url.searchParams.set('compileCache', context.directories.compileCache);
  return {
    ...context.environment,
    // Not the user's: his ~/.aws and ~/.kube are none of a pod's business.
    HOME: files.directory,
    HOSTNAME: pod.metadata.name,
    NODE_OPTIONS: `--import=${url.href}`,
  };
}

async function exitOf(child: SupervisedChild): Promise<{ exitCode: number; signal: number | undefined }> {
  const { code, signal } = await child.exited;
  const number = signal === null ? undefined : constants.signals[signal];
  return { exitCode: code ?? 128 + (number ?? 0), signal: number };
}

/** Where the preload lies, for a test that runs a program with it. */
export const preloadPath: string = fileURLToPath(preload);
