import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ENV, type Statusz, topicName } from '@cofferdam/contracts';
import {
  type Access,
  addDatabaseChecks,
  addEventFeed,
  createApp,
  every,
  type Lifecycle,
  type Logger,
  loadAccess,
  type Metrics,
  mountedKafkaAccess,
  notUsable,
  openDatabase,
  openTelemetry,
  openTls,
  RateLimiter,
  Readiness,
  type RunningService,
  randomId,
  SchemaGate,
  startOutbox,
} from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { ChainHeads } from './audit/chain-heads.ts';
import { type Audit, openAudit } from './audit/open-audit.ts';
import { createCommit } from './commit.ts';
import { readServeConfig } from './config.ts';
import { eraseEnded } from './erase-ended.ts';
import { openGatherer } from './group-commit/open.ts';
import { tracedSubmit } from './group-commit/traced.ts';
import { addRefusalAudit } from './http/audit-refusals.ts';
import { addAuditRoutes } from './http/audit-routes.ts';
import { addCustomerRoutes } from './http/customer-routes.ts';
import { addIntegrityErrors } from './http/integrity-errors.ts';
import { addApiDescription, addRoutes } from './http/routes.ts';
import { createIntegrityReports } from './integrity-reports.ts';
import { migrations } from './migrations.ts';
import { type Keys, openKeys } from './open-keys.ts';
import { createRekey, type Rekey } from './rekey/run-rekey.ts';
import { createShreddings, type Shreddings } from './shredding/carry-out.ts';
import { kmsKeysInUse } from './storage/data-keys.ts';
import { removeOldRows } from './storage/housekeeping.ts';
import { openUpdating, type Updating } from './updating/open-updating.ts';
import type { Vault } from './vault.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** `serve`: wires the vault together and listens. */
export async function serve(
  lifecycle: Lifecycle,
  env: Record<string, string | undefined>,
): Promise<RunningService> {
  const config = readServeConfig(env);
  const telemetry = await openTelemetry(config, { service: 'vault', version, lifecycle });
  const { logger, metrics, tracing } = telemetry;
  const readiness = new Readiness();
  const vaultId = config.VAULT_ID;

  const tls = await openTls(config, { lifecycle, logger, metrics, readiness });
  const access = await loadAccess({ path: config.ACCESS_FILE, vaultId, readiness, logger, metrics });
  lifecycle.onClose('access rules', () => access.close());
  const database = await openDatabase(
    { directory: config.DATABASE_DIR, caFile: config.DATABASE_CA_FILE, logger },
    { applicationName: 'cofferdam-vault', metrics },
  ).catch(notUsable(ENV.databaseDirectory));
  lifecycle.onClose('database', () => database.close());
  const schema = new SchemaGate(database, { vaultId, migrations });
  const replication = addDatabaseChecks(readiness, { database, schema, config, metrics });

  const heads = new ChainHeads(`${config.POD_NAME}/${randomId('run')}`);
  const isReplicated = config.DATABASE_SYNCHRONOUS_REPLICATION;
  const commit = createCommit(database, heads, { isReplicated });
  const keys = await openKeys(config, { database, commit, lifecycle, readiness, ...telemetry });
  const { cvcKeys, merchantKeys } = keys;

  const outbox = startOutbox({
    ...{ database, vaultId, ...telemetry, clientId: config.POD_NAME },
    kafka: mountedKafkaAccess(config),
    topic: config.KAFKA_TOPIC ?? topicName(vaultId, 'tokens'),
    retentionHours: config.EVENT_RETENTION_HOURS,
    isReady: () => schema.isOpen,
  });
  lifecycle.onClose('outbox', () => outbox.close());

  const status = async (): Promise<Statusz> => ({
    service: 'vault',
    ...{ version, instance: config.POD_NAME, vaultId, schema: schema.state },
    ...(await replication()),
    key: { ...keys.status(), ...(schema.isOpen ? { inUse: await kmsKeysInUse(database) } : {}) },
    ...(schema.isOpen ? await rekey.status() : {}),
    outbox: await outbox.status(),
  });
  const gatherer = await openGatherer(config, { lifecycle, logger, metrics, heads });
  const audit = openAudit(config, {
    ...{ database, heads, commit, access, schema, lifecycle, ...telemetry },
    kms: keys.kms.background,
  });
  const vault: Vault = {
    ...{ vaultId, database, commit, cvcKeys, merchantKeys },
    keys: keys.ring,
    backupRetentionMs: config.BACKUP_RETENTION_DAYS * 86_400_000,
    tokenFormat: config.TOKEN_FORMAT,
    deduplicate: config.TOKEN_DEDUPLICATE === 'Merchant',
    together: tracing ? tracedSubmit(gatherer.submit, tracing) : gatherer.submit,
    boundedAudit: audit.bounded,
    integrity: createIntegrityReports({ metrics, logger, bounded: audit.bounded, now: () => new Date() }),
    now: () => new Date(),
  };
  const rekey = createRekey(vault, {
    kms: keys.kms.background,
    keyArn: config.KMS_KEY_ARN,
    merchantKeys,
    generation: config.REKEY_GENERATION,
  });
  const rateLimiter = new RateLimiter({ requestsPerSecond: config.REQUESTS_PER_SECOND });
  const shreddings = createShreddings(vault, keys.kms.background);
  const updating = await openUpdating(config, vault, { schema, lifecycle, ...telemetry });
  const app = createApp({ ...telemetry, readiness, access, status, tls: tls.credentials, rateLimiter });
  addApi(app, vault, { access, audit, logger, metrics, rateLimiter, updating });
  lifecycle.onClose('http', () => app.close());

  startTasks({ lifecycle, logger }, workBeside(vault, { schema, keys, rekey, shreddings }));
  await app.listen({ host: config.HOST, port: config.PORT });
  return { logger, readiness, serves: true };
}

function addApi(
  app: FastifyInstance,
  vault: Vault,
  parts: {
    access: Access;
    audit: Audit;
    logger: Logger;
    metrics: Metrics;
    rateLimiter: RateLimiter;
    updating: Updating;
  },
): void {
  const { audit, logger } = parts;
  addRefusalAudit(app, { ...audit, now: vault.now, logger });
  addIntegrityErrors(app, vault.integrity);
  addRoutes(app, vault, parts);
  addAuditRoutes(app, vault, audit);
  parts.updating.addRoutes(app, parts.rateLimiter);
  addCustomerRoutes(app, vault, parts.access);
  addApiDescription(app, readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'));
  addEventFeed(app, vault);
}

/** What goes on beside the requests, by name: how long to pause, and what to do. */
type Work = Record<string, readonly [pauseMs: number, work: () => unknown]>;

function workBeside(
  vault: Vault,
  parts: { schema: SchemaGate; keys: Keys; rekey: Rekey; shreddings: Shreddings },
): Work {
  const { schema, keys, rekey, shreddings } = parts;
  return {
    'look for the migration': [1000, () => schema.isOpen || schema.check()],
    'ask KMS': [5000, () => keys.probe()],
    rekey: [1000, () => schema.isOpen && rekey.step()],
    shred: [1000, () => schema.isOpen && shreddings.step()],
    "see to shredded merchants' own keys": [1000, () => schema.isOpen && shreddings.seeOwnKeys()],
    'erase ended tokens': [1000, () => schema.isOpen && eraseEnded(vault)],
    'forget old keys': [60_000, () => keys.sweep()],
    'remove old rows': [600_000, () => schema.isOpen && removeOldRows(vault.database, vault.now())],
  };
}

function startTasks({ lifecycle, logger }: { lifecycle: Lifecycle; logger: Logger }, work: Work): void {
  const tasks = Object.entries(work).map(([name, [pauseMs, step]]) => every(pauseMs, { name, logger }, step));
  lifecycle.onClose('tasks', () => {
    for (const task of tasks) task.stop();
  });
}
