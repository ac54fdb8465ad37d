import { ENV, MAX_UPDATER_BATCH } from '@cofferdam/contracts';
import {
  callerSettings,
  commonSettings,
  databaseSettings,
  httpsUrl,
  outboxSettings,
  readEnvironment,
  tlsSettings,
} from '@cofferdam/runtime';
import { z } from 'zod';

const Settings = z.object({
  ...commonSettings,
  ...databaseSettings,
  ...outboxSettings,
  ...callerSettings,
  ...tlsSettings,
  [ENV.accessFile]: z.string().describe('path of the JSON file with issuers and access rules'),
  [ENV.kmsKeyArn]: z
    .string()
    .regex(/^arn:[a-z-]+:kms:/, 'must be the ARN of a KMS key')
    .describe('ARN of the KMS key that wraps the data keys'),
  [ENV.merchantKeysFile]: z
    .string()
    .optional()
    .describe("path of the JSON file with KMS keys of merchants' own"),
  [ENV.tokenFormat]: z.enum(['Opaque', 'Preserving']).default('Opaque').describe('Opaque or Preserving'),
  [ENV.tokenDeduplicate]: z.enum(['Merchant', 'None']).default('Merchant').describe('Merchant or None'),
  [ENV.rekeyGeneration]: z.coerce
    .number()
    .int()
    .min(0)
    .max(2_147_483_647)
    .default(0)
    .describe('raised to start a rekey'),
  [ENV.kmsOutageMinutes]: z.coerce.number().min(5).max(1440).default(60).describe('minutes, 5 to 1440'),
  [ENV.backupRetentionDays]: z.coerce.number().int().min(0).max(3650).default(35).describe('days, 0 to 3650'),
  [ENV.kafkaAuditTopic]: z.string().optional().describe('topic of audit anchors'),
  [ENV.auditAnchorSeconds]: z.coerce.number().min(1).max(300).default(5).describe('seconds, 1 to 300'),
  [ENV.cvcTtlSeconds]: z.coerce.number().int().min(60).max(3600).default(900).describe('seconds, 60 to 3600'),
  [ENV.accountUpdaterUrl]: httpsUrl.optional().describe('base URL of an account updater service'),
  [ENV.accountUpdaterTokenFile]: z
    .string()
    .optional()
    .describe('file with the token for ACCOUNT_UPDATER_URL'),
  [ENV.accountUpdaterCaFile]: z
    .string()
    .optional()
    .describe('PEM of the authorities that ACCOUNT_UPDATER_URL is verified by'),
  [ENV.accountUpdaterDays]: z.coerce.number().int().min(1).max(365).default(45).describe('days, 1 to 365'),
  [ENV.accountUpdaterBatchSize]: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_UPDATER_BATCH)
    .default(500)
    .describe('cards, 1 to 1000'),
  [ENV.accountUpdaterIntervalSeconds]: z.coerce
    .number()
    .min(1)
    .max(86_400)
    .default(60)
    .describe('seconds, 1 to 86400'),
  [ENV.dataKeyMaxAgeHours]: z.coerce.number().min(1).max(87_600).default(168).describe('hours, 1 to 87600'),
});

type Environment = Record<string, string | undefined>;

/** @throws {StartError} naming the first setting that is missing or wrong */
export function readServeConfig(env: Environment): z.infer<typeof Settings> {
  return readEnvironment(Settings, env);
}
