import { readFileSync } from 'node:fs';
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
  /** The process whose end is the end of the cluster. */
  child: SupervisedChild;
};

export type ControlPlaneOptions = {
  supervisor: Supervisor;
  /** Where the kubeconfig goes. */
  stateDirectory: string;
  logFile: string;
  serviceNetwork: string;
  env: Record<string, string>;
};

/** How an API server is started. The in-memory one below; a real kube-apiserver with etcd fits here as well. */
export type ControlPlaneLauncher = (options: ControlPlaneOptions) => Promise<ControlPlane>;

const main = fileURLToPath(new URL('../apiserver/main.ts', import.meta.url));

export const startInMemoryControlPlane: ControlPlaneLauncher = async (options) => {
  const { supervisor, stateDirectory, logFile, serviceNetwork, env } = options;
  const args = [main, '--state', stateDirectory, '--service-cluster-ip-range', serviceNetwork];
  const part = await startPart(supervisor, { name: 'API server', args, env, logFile, timeoutMs: 30_000 });
  const { url, kubeconfig } = part.firstLine as { url: string; kubeconfig: string };
  return {
    url,
    kubeconfig,
    caPem: readFileSync(join(stateDirectory, 'ca.crt'), 'utf8'),
    adminToken: tokenOf(readFileSync(kubeconfig, 'utf8')),
    child: part.child,
  };
};

const tokenOf = (kubeconfig: string): string => /token: ["']?([^\s"']+)/.exec(kubeconfig)?.[1] ?? '';
