import { hostname } from 'node:os';
import { ENV, VaultId } from '@cofferdam/contracts';
import { z } from 'zod';
import { StartError } from './errors.ts';
import { KAFKA_MECHANISMS } from './kafka/access.ts';
import { tracingSettings } from './tracing/settings.ts';

type Environment = Record<string, string | undefined>;

/**
 * Reads settings from the environment. Keys of the schema are variable names; `.describe()` of a member is what a
 * person is told who left it out. An empty variable counts as missing, as a manifest's unset value often is.
 *
 * @throws {StartError} naming the first variable that is missing or wrong, without its value (it may be secret).
 */
export function readEnvironment<S extends z.ZodRawShape>(
  schema: z.ZodObject<S>,
  env: Environment,
): z.infer<z.ZodObject<S>> {
  const input = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, env[name] || undefined]));
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? 'environment');
  const member = schema.shape[name] as z.ZodType | undefined;
  const description = member?.description ? ` (${member.description})` : '';
  const problem = input[name] === undefined ? 'is required' : `is not valid: ${issue?.message}`;
  throw new StartError(`${name} ${problem}${description}`);
}

const LogLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug']);

/** What every service reads: spread it into the service's own schema. */
export const commonSettings = {
  [ENV.host]: z.string().default('0.0.0.0').describe('address to listen on'),
  [ENV.port]: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('port to listen on, 0 to 65535'),
  [ENV.logLevel]: LogLevel.default('info').describe('fatal, error, warn, info or debug'),
  [ENV.podName]: z.string().default(hostname).describe("name of this instance; the host's name by default"),
  ...tracingSettings,
};

/** What a service with a database reads besides: whose it is, and where. */
export const databaseSettings = {
  [ENV.vaultId]: VaultId.describe("the vault's identity, such as acme-prod-eu"),
  [ENV.databaseDirectory]: z
    .string()
    .describe('directory with the files host, port, dbname, username, password'),
  [ENV.databaseCaFile]: z.string().optional().describe("PEM of the database's CA"),
  [ENV.databaseSynchronousReplication]: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('true: warn where what is acknowledged is on one machine alone'),
};

/** What a service reads besides that others than our own workloads call. */
export const callerSettings = {
  [ENV.requestsPerSecond]: z.coerce
    .number()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('requests a second of each identity, 1 to 1000000'),
};

/** Where the brokers are, and how they let in. */
export const brokerSettings = {
  [ENV.kafkaBootstrapServers]: z
    .string()
    .optional()
    .describe('host:port of each broker, separated by commas'),
  [ENV.kafkaTopic]: z.string().optional().describe('topic of events'),
  [ENV.kafkaTls]: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .describe('true: TLS to the brokers'),
  [ENV.kafkaCaFile]: z.string().optional().describe("PEM of the brokers' CA"),
  [ENV.kafkaAuth]: z.enum(KAFKA_MECHANISMS).optional().describe(KAFKA_MECHANISMS.join(', ')),
  [ENV.kafkaCredentialsDirectory]: z
    .string()
    .optional()
    .describe('directory with the files username and password, or tls.crt and tls.key'),
  [ENV.kafkaRegion]: z.string().optional().describe('AWS region of the brokers'),
};
export type BrokerSettings = z.infer<z.ZodObject<typeof brokerSettings>>;

/** What a service with an outbox reads besides. */
export const outboxSettings = {
  ...brokerSettings,
  [ENV.eventRetentionHours]: z.coerce
    .number()
    .min(1)
    .max(87_600)
    .default(168)
    .describe('hours that a published event stays for the HTTP feed, 1 to 87600'),
};
