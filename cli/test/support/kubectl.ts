import { spawnSync } from 'node:child_process';
import { execa } from 'execa';

export const kubectlInstalled = spawnSync('kubectl', ['version', '--client']).status === 0;

/**
 * Runs the real kubectl. @returns its stdout
 * @throws with its stderr when it fails
 */
export async function kubectl(kubeconfig: string, ...args: (string | { input: string })[]): Promise<string> {
  const words = args.filter((word) => typeof word === 'string');
  const [options] = args.filter((word) => typeof word !== 'string');
  const { stdout } = await execa('kubectl', words, {
    // No cache of discovery in the home directory: each cluster of the tests is another one.
    env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${kubeconfig}.cache` },
    timeout: 90_000,
    ...options,
  });
  return stdout;
}
