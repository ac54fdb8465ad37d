import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KMS_PRINCIPALS, KMS_REGION, KMS_ROLES } from '@cofferdam/devcluster/addons';
import { createSupervisor, type Supervisor } from '@cofferdam/devcluster/process';
import { createClient, createTransport, type KubeClient, kubeconfigFile } from '@cofferdam/operator/engine';
import { BenchError } from '../errors.ts';
import { startServer } from '../harness/programs.ts';
import type { StandInSettings } from './stand-in/settings.ts';

/** What the operator of a measurement runs against. Every part of it is a process of its own. */
export type Environment = {
  supervisor: Supervisor;
  directory: string;
  logDirectory: string;
  kubeconfig: string;
  client: KubeClient;
  kms: { url: string; region: string; credentials: Record<string, string>; calls: Map<string, number> };
  /** The loopback address at which every `/statusz` answers. */
  statuszAddress: string;
  /** Starts what plays the cluster's controllers. */
  startStandIn(role: Pick<StandInSettings, 'controllers' | 'workloads'>): Promise<void>;
  close(): Promise<void>;
};

const entry = (name: string) => fileURLToPath(import.meta.resolve(name));
const standInMain = fileURLToPath(new URL('./stand-in/main.ts', import.meta.url));

/** @param kubeconfig of somebody's cluster; without one an API server in memory is started */
export async function startEnvironment(options: {
  kubeconfig: string | undefined;
  environment: Record<string, string>;
}): Promise<Environment> {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-bench-'));
  const logDirectory = join(directory, 'logs');
  const supervisor = await createSupervisor();
  supervisor.removeDirectoryAtEnd(directory);
  const env = options.environment;
  const common = { env, logDirectory };
  const close = async () => {
    await supervisor.close();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const kubeconfig = options.kubeconfig ?? (await startApiServer(supervisor, directory, common));
    const kms = await startKms(supervisor, directory, common);
    const transport = createTransport(await readKubeconfig(kubeconfig), { connections: 32 });
    // Any free one of 127/8 does; the port is that of every Service, and taken at 127.0.0.1 often enough.
    const [second = 0, third = 0] = randomBytes(2);
    const statuszAddress = `127.${100 + (second % 100)}.${third}.7`;
    return {
      supervisor,
      directory,
      logDirectory,
      kubeconfig,
      client: createClient({ transport, fieldManager: 'cofferdam-benchmark' }),
      kms,
      statuszAddress,
      async startStandIn(role) {
        const settings: StandInSettings = { kubeconfig, statuszAddress, ...role };
        const args = [standInMain, JSON.stringify(settings)];
        const isUp = ({ ready }: Record<string, unknown>) => ready;
        await startServer(supervisor, { ...common, name: 'stand-in', args, isUp });
      },
      async close() {
        await transport.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Common = { env: Record<string, string>; logDirectory: string };

async function startApiServer(supervisor: Supervisor, directory: string, common: Common): Promise<string> {
  const { up } = await startServer(supervisor, {
    ...common,
    name: 'api-server',
    args: [entry('@cofferdam/devcluster/apiserver/main'), '--state', directory],
    isUp: ({ kubeconfig }) => (typeof kubeconfig === 'string' ? kubeconfig : undefined),
  });
  return up;
}

async function startKms(
  supervisor: Supervisor,
  directory: string,
  common: Common,
): Promise<Environment['kms']> {
  const key = { accessKeyId: 'AKIABENCHMARK', secretAccessKey: randomBytes(20).toString('hex') };
  const configFile = join(directory, 'kms-config.json');
  const config = {
    listen: { host: '127.0.0.1', port: 0 },
    stateDirectory: join(directory, 'kms'),
    durable: false,
    principals: KMS_PRINCIPALS,
    staticKeys: [{ ...key, roleArn: KMS_ROLES.operator }],
    region: KMS_REGION,
  };
  writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
  const calls = new Map<string, number>();
  const { up: url } = await startServer(supervisor, {
    ...common,
    name: 'kms',
    args: [entry('@cofferdam/devcluster/kms/main'), configFile],
    onLine(line) {
      const operation = /"operation":"(\w+)"/.exec(line)?.[1];
      if (operation !== undefined) calls.set(operation, (calls.get(operation) ?? 0) + 1);
    },
    isUp: ({ url }) => (typeof url === 'string' ? url : undefined),
  });
  const credentials = { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey };
  return { url, region: KMS_REGION, credentials, calls };
}

async function readKubeconfig(file: string) {
  try {
    return await kubeconfigFile(file);
  } catch (cause) {
    throw new BenchError('usage', `--kubeconfig ${file}: ${(cause as Error).message}`, { cause });
  }
}
