import {
  type ClusterConfig,
  createClient,
  createTransport,
  isKubeError,
  type KubeClient,
  type KubeError,
  kubeconfigFile,
  loadClusterConfig,
} from '@cofferdam/operator/engine';
import type { Command } from 'commander';
import { CliError } from '../errors.ts';
import type { Terminal } from '../output/terminal.ts';

/** Which cluster, and where in it. */
export interface ClusterOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

export interface Cluster {
  readonly client: KubeClient;
  /** `-n`, or the namespace of the context. */
  readonly namespace: string;
}

/** The flags of every command that talks to a cluster, named as kubectl names them. */
export function withClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'namespace; default: that of the context')
    .option('--kubeconfig <file>', 'kubeconfig; default: $KUBECONFIG, else the pod, else ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig; default: its current one');
}

/**
 * Runs `use` with a connection, which is closed afterwards.
 * @throws CliError `cluster_unreachable` when nobody answers or lets us in, `request_failed` when something is refused
 */
export async function withCluster<T>(
  terminal: Pick<Terminal, 'env'>,
  options: ClusterOptions,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const config = await configOf(terminal.env, options).catch((error: Error) => {
    throw new CliError(
      'cluster_unreachable',
      `no usable kubeconfig: ${error.message}; name one with --kubeconfig or KUBECONFIG (the demo's is .cofferdam/kubeconfig)`,
      error,
    );
  });
  const transport = createTransport(config, { timeoutMs: 15_000, retryBudgetMs: 10_000 });
  try {
    const client = createClient({ transport, fieldManager: 'cofferdam-cli' });
    return await use({ client, namespace: options.namespace ?? config.namespace });
  } catch (error) {
    if (!isKubeError(error)) throw error;
    throw explained(error, config.server);
  } finally {
    await transport.close();
  }
}

async function configOf(env: Terminal['env'], options: ClusterOptions): Promise<ClusterConfig> {
  const { kubeconfig, context } = options;
  if (kubeconfig === undefined && context === undefined) return loadClusterConfig(env);
  const listed = env['KUBECONFIG']?.split(':').find((part) => part !== '');
  return kubeconfigFile(kubeconfig ?? listed ?? `${env['HOME'] ?? ''}/.kube/config`, context);
}

function explained(error: KubeError, server: string): CliError {
  switch (error.code) {
    case 'unreachable':
    case 'timeout':
    case 'aborted':
      return new CliError(
        'cluster_unreachable',
        `no answer from ${server} (${reasonOf(error)}): is it running, and does --context name the right one? \`npm run demo\` raises one`,
        error,
      );
    case 'unauthorized':
      return new CliError(
        'cluster_unreachable',
        `${server} does not know who you are: renew the credentials of the kubeconfig`,
        error,
      );
    default:
      return new CliError('request_failed', `${error.message}${nextStep(error)}`, error);
  }
}

function reasonOf(error: KubeError): string {
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  return code ?? message ?? error.code;
}

function nextStep(error: KubeError): string {
  if (error.code === 'forbidden') return '; ask for that right, or use another --context';
  if (error.code === 'not_found' && error.message.includes('payments.cofferdam.dev')) {
    return '; where Cofferdam is not installed: kubectl apply --server-side -f install/rendered';
  }
  return '';
}
