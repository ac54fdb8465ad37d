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
  [ENV.kmsKeyArn]: z
    .string()
    .regex(/^arn:[a-z-]+:kms:/, 'must be the ARN of a KMS key')
    .describe('ARN of the KMS key that wraps the data keys'),
  [ENV.kafkaBootstrapServers]: z
    .string()
    .optional()
    .describe('host:port of each broker, separated by commas'),
  [ENV.kafkaTopic]: z.string().optional().describe('topic of token events'),
  [ENV.tokenFormat]: z.enum(['Opaque', 'Preserving']).default('Opaque').describe('Opaque or Preserving'),
  [ENV.tokenDeduplicate]: z.enum(['Merchant', 'None']).default('Merchant').describe('Merchant or None'),
  [ENV.dataKeyMaxAgeHours]: z.coerce.number().min(1).max(87_600).default(168).describe('hours, 1 to 87600'),
});

const Migrate = Common.extend({
  [ENV.migrationDatabaseDirectory]: z
    .string()
    .optional()
    .describe('as DATABASE_DIR, of the role that owns the schema'),
});

type Environment = Record<string, string | undefined>;

/** @throws {StartError} naming the first setting that is missing or wrong */
export function readServeConfig(env: Environment): z.infer<typeof Serve> {
  return readEnvironment(Serve, env);
}

/** @throws {StartError} naming the first setting that is missing or wrong */
export function readMigrateConfig(env: Environment): z.infer<typeof Migrate> {
  return readEnvironment(Migrate, env);
}
