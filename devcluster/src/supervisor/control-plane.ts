import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SupervisedChild, Supervisor } from '../process/index.ts';
import { startPart } from './part.ts';

/** A Kubernetes API server that is up, whichever it is. */
export type ControlPlane = {
  url: string;
  caPem: string;
  adminToken: string;
  kubeconfig: string;
  /** What it shows the kubelet when it asks for the logs of a pod. */
  kubeletToken: string;
  /** The process whose end is the end of the cluster. */
  child: SupervisedChild;
};

export type ControlPlaneOptions = {
  supervisor: Supervisor;
  /** Where the kubeconfig goes. */
  stateDirectory: string;
  /** For files of this run. */
  runDirectory: string;
  logFile: string;
  serviceNetwork: string;
  env: Record<string, string>;
};

/** How an API server is started. The in-memory one below; a real kube-apiserver with etcd fits here as well. */
export type ControlPlaneLauncher = (options: ControlPlaneOptions) => Promise<ControlPlane>;

const main = fileURLToPath(new URL('../apiserver/main.ts', import.meta.url));

export const startInMemoryControlPlane: ControlPlaneLauncher = async (options) => {
  const { supervisor, stateDirectory, runDirectory, logFile, serviceNetwork, env } = options;
  const kubeletToken = randomBytes(24).toString('base64url');
  const tokenFile = join(runDirectory, 'kubelet-token');
  writeFileSync(tokenFile, kubeletToken, { mode: 0o600 });
  const args = [
    ...[main, '--state', stateDirectory, '--service-cluster-ip-range', serviceNetwork],
    ...['--kubelet-token-file', tokenFile],
  ];
  const part = await startPart(supervisor, { name: 'API server', args, env, logFile, timeoutMs: 30_000 });
  const { url, kubeconfig } = part.firstLine as { url: string; kubeconfig: string };
  return {
    url,
    kubeconfig,
    kubeletToken,
    caPem: readFileSync(join(stateDirectory, 'ca.crt'), 'utf8'),
    adminToken: tokenOf(readFileSync(kubeconfig, 'utf8')),
    child: part.child,
  };
};

const tokenOf = (kubeconfig: string): string => /token: ["']?([^\s"']+)/.exec(kubeconfig)?.[1] ?? '';
