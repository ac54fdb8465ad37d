import { ENV, VaultId } from '@cofferdam/contracts';
import { commonSettings, readEnvironment } from '@cofferdam/runtime';
import { z } from 'zod';

const Common = z.object({
  ...commonSettings,
  [ENV.vaultId]: VaultId.describe("the vault's identity, such as acme-prod-eu"),
  [ENV.databaseDirectory]: z
    .string()
    .describe('directory with the files host, port, dbname, username, password'),
  [ENV.databaseCaFile]: z.string().optional().describe("PEM of the database's CA"),
});

const Serve = Common.extend({
  [ENV.accessFile]: z.string().describe('path of the JSON file with issuers and access rules'),
  [ENV.routingFile]: z.string().describe('path of the JSON file with connectors and rules'),
  [ENV.vaultUrl]: z.url({ protocol: /^https?$/ }).describe('base URL of the vault'),
  [ENV.tokenFile]: z.string().describe('file with our own service-account token'),
  [ENV.kafkaBootstrapServers]: z
    .string()
    .optional()
    .describe('host:port of each broker, separated by commas'),
  [ENV.kafkaTopic]: z.string().optional().describe('topic of payment events'),
});

const Migrate = Common.extend({
  [ENV.migrationDatabaseDirectory]: z
    .string()
    .optional()
    .describe('as DATABASE_DIR, of the role that owns the schema'),
});

type Environment = Record<string, string | undefined>;
export type ServeConfig = z.infer<typeof Serve>;

/** @throws {StartError} naming the first setting that is missing or wrong */
export function readServeConfig(env: Environment): ServeConfig {
  return readEnvironment(Serve, env);
}

/** @throws {StartError} naming the first setting that is missing or wrong */
export function readMigrateConfig(env: Environment): z.infer<typeof Migrate> {
  return readEnvironment(Migrate, env);
}
