import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type DatabaseName,
  type DatabaseRoles,
  KMS_PRINCIPALS,
  KMS_REGION,
  type Principal,
  provisionDatabases,
  startKafka,
  startPostgres,
} from '../addons/index.ts';
import type { Supervisor } from '../process/index.ts';
import type { AddonService } from './addon-services.ts';
import type { ClusterNetwork } from './network.ts';
import { startPart } from './part.ts';
import type { Report } from './progress.ts';

export const POSTGRES_PORT = 5432;
export const KMS_PORT = 4566;
export const KAFKA_PORT = 9092;

export type PostgresAddon = {
  /** For tools outside the cluster. */
  adminUrl: string;
  /** Those of one PaymentVault: what its Secrets hold. More can be made with `provisionDatabases`. */
  databases: Record<DatabaseName, DatabaseRoles>;
};
export type KmsAddon = { url: string; region: string };
export type KafkaAddon = { bootstrapServers: string };

export type AddonContext = {
  supervisor: Supervisor;
  network: ClusterNetwork;
  runDirectory: string;
  cacheDirectory: string;
  logDirectory: string;
  env: Record<string, string>;
  report: Report;
};

export async function raisePostgres({ supervisor, network, runDirectory, report }: AddonContext) {
  report('PostgreSQL', 'working');
  const host = network.addons.postgres;
  const stateDirectory = join(runDirectory, 'postgres');
  const { adminUrl, exited } = await startPostgres({ host, port: POSTGRES_PORT, stateDirectory, supervisor });
  const addon: PostgresAddon = { adminUrl, databases: await provisionDatabases(adminUrl) };
  report('PostgreSQL', 'ready', `${host}:${POSTGRES_PORT}`);
  const service: AddonService = { name: 'postgres', address: host, port: POSTGRES_PORT };
  return { addon, service, exited };
}

const kmsMain = fileURLToPath(new URL('../addons/kms/main.ts', import.meta.url));

/** `jwks` are the keys of the cluster's service-account issuer: by them STS knows a pod's token. */
export async function raiseKms(
  context: AddonContext,
  { issuer, jwks, roles = KMS_PRINCIPALS }: { issuer: string; jwks: string; roles?: readonly Principal[] },
) {
  const { supervisor, network, runDirectory, logDirectory, env, report } = context;
  report('KMS', 'working');
  const directory = join(runDirectory, 'kms');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const [jwksFile, configFile] = [join(directory, 'jwks.json'), join(directory, 'config.json')];
  const host = network.addons.kms;
  const config = {
    listen: { host, port: KMS_PORT },
    stateDirectory: join(directory, 'state'),
    principals: roles,
    account: accountOf(roles),
    serviceAccountIssuer: { issuer, jwks: { file: jwksFile } },
    region: KMS_REGION,
  };
  writeFileSync(jwksFile, jwks);
  writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
  const logFile = join(logDirectory, 'kms.log');
  const part = await startPart(supervisor, {
    name: 'KMS',
    args: [kmsMain, configFile],
    env,
    logFile,
    timeoutMs: 30_000,
  });
  report('KMS', 'ready', `${host}:${KMS_PORT}`);
  const addon: KmsAddon = { url: `http://${host}:${KMS_PORT}`, region: KMS_REGION };
  const service: AddonService = { name: 'kms', address: host, port: KMS_PORT };
  return { addon, service, child: part.child };
}

/** The AWS account that the keys are in: that of the roles, which KMS trusts as its own. */
function accountOf(roles: readonly Principal[]): string {
  return roles[0]?.roleArn.split(':')[4] ?? '000000000000';
}

/** Undefined where there can be no Kafka, or it does not come up: the cluster does without, and says so. */
export async function raiseKafka(context: AddonContext) {
  const { supervisor, network, runDirectory, cacheDirectory, report } = context;
  report('Kafka', 'working');
  const host = network.addons.kafka;
  try {
    const kafka = await startKafka({
      host,
      port: KAFKA_PORT,
      stateDirectory: join(runDirectory, 'kafka'),
      cacheDirectory: join(cacheDirectory, 'kafka'),
      onProgress: (line) => report('Kafka', 'working', line),
      supervisor,
    });
    if ('absent' in kafka) {
      report('Kafka', 'skipped', kafka.absent);
      return undefined;
    }
    report('Kafka', 'ready', kafka.bootstrapServers);
    const addon: KafkaAddon = { bootstrapServers: kafka.bootstrapServers };
    const service: AddonService = { name: 'kafka', address: host, port: KAFKA_PORT };
    return { addon, service };
  } catch (error) {
    report('Kafka', 'failed', (error as Error).message.split('\n')[0]);
    return undefined;
  }
}
