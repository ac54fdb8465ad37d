import { readFileSync } from 'node:fs';
import { ENV, type Statusz, topicName } from '@cofferdam/contracts';
import {
  addDatabaseChecks,
  createServiceClient,
  type Database,
  every,
  type Lifecycle,
  type Logger,
  loadAccess,
  mountedKafkaAccess,
  notUsable,
  openDatabase,
  openTelemetry,
  openTls,
  RateLimiter,
  Readiness,
  type RunningService,
  SchemaGate,
  startOutbox,
  type Tracing,
  type Trust,
  tokenSource,
} from '@cofferdam/runtime';
import packageJson from '../package.json' with { type: 'json' };
import { readServeConfig, type ServeConfig } from './config.ts';
import { createConnectors } from './connectors.ts';
import { buildRouter } from './http/app.ts';
import { migrations } from './migrations.ts';
import type { Router } from './router.ts';
import { loadRouting } from './routing.ts';
import { settleAllAbandoned } from './settle-abandoned.ts';
import { readDigestKey } from './storage/idempotency-keys.ts';
import { observeUnknownPayments } from './unknown-payments.ts';
import { createVaultApi } from './vault-api.ts';

/** Between two looks for payments that died with another process. */
const SWEEP_MS = 2000;

/** `serve`: wires the router together and listens. */
export async function serve(
  lifecycle: Lifecycle,
  env: Record<string, string | undefined>,
): Promise<RunningService> {
  const config = readServeConfig(env);
  const vaultId = config.VAULT_ID;
  const { version } = packageJson;
  const telemetry = await openTelemetry(config, { service: 'router', version, lifecycle });
  const { logger, metrics, tracing } = telemetry;
  const readiness = new Readiness();
  const tls = await openTls(config, { lifecycle, logger, metrics, readiness });
  const access = await loadAccess({ path: config.ACCESS_FILE, vaultId, readiness, logger, metrics });
  lifecycle.onClose('access rules', () => access.close());
  const database = await openDatabase(
    { directory: config.DATABASE_DIR, caFile: config.DATABASE_CA_FILE, logger },
    { applicationName: 'cofferdam-router', metrics },
  ).catch(notUsable(ENV.databaseDirectory));
  lifecycle.onClose('database', () => database.close());
  const schema = new SchemaGate(database, { vaultId, migrations });
  const replication = addDatabaseChecks(readiness, { database, schema, config, metrics });
  const outbox = startOutbox({
    ...{ database, vaultId, logger, metrics, tracing, clientId: config.POD_NAME },
    kafka: mountedKafkaAccess(config),
    topic: config.KAFKA_TOPIC ?? topicName(vaultId, 'payments'),
    retentionHours: config.EVENT_RETENTION_HOURS,
    isReady: () => schema.isOpen,
  });
  lifecycle.onClose('outbox', () => outbox.close());
  observeUnknownPayments(metrics, database);
  const router = await wire(config, { lifecycle, logger, database, tracing, trust: tls.trust });
  const status = async (): Promise<Statusz> => ({
    service: 'router',
    version,
    instance: config.POD_NAME,
    vaultId,
    schema: schema.state,
    ...(await replication()),
    outbox: await outbox.status(),
  });
  const openapi = readFileSync(new URL('../openapi.json', import.meta.url), 'utf8');
  const app = buildRouter({
    ...{ logger, metrics, tracing, readiness, access, status, router, vaultId, openapi },
    tls: tls.credentials,
    rateLimiter: new RateLimiter({ requestsPerSecond: config.REQUESTS_PER_SECOND }),
  });
  const sweep = every(SWEEP_MS, { name: 'settle abandoned payments', logger }, async () => {
    if (schema.isOpen || (await schema.check()) === true) await settleAllAbandoned(router);
  });
  lifecycle.onClose('sweep', () => sweep.stop());
  await app.listen({ host: config.HOST, port: config.PORT });
  lifecycle.onClose('http', () => app.close());
  logger.info({ connectors: router.routing().connectors.map(({ name }) => name) }, 'serving');
  return { logger, readiness, serves: true };
}

interface Wiring {
  lifecycle: Lifecycle;
  logger: Logger;
  database: Database;
  tracing: Tracing | undefined;
  trust: Trust;
}

async function wire(config: ServeConfig, parts: Wiring): Promise<Router> {
  const { lifecycle, logger, database, tracing, trust } = parts;
  const routing = await loadRouting(config.ROUTING_FILE, { logger });
  lifecycle.onClose('routing', () => routing.close());
  const token = tokenSource(config.TOKEN_FILE);
  const vault = createServiceClient({ baseUrl: config.VAULT_URL, token, trust, tracing });
  lifecycle.onClose('vault client', () => vault.close());
  const connectors = createConnectors({ token, trust, tracing, logger });
  lifecycle.onClose('connector clients', () => connectors.close());
  let digestKey: Promise<Buffer> | undefined;
  return {
    ...{ database, connectors, logger },
    vault: createVaultApi(vault),
    routing: () => routing.current(),
    // Made by the migration, which may run after we start; it never changes.
    digestKey: () => {
      digestKey ??= readDigestKey(database).catch((error: unknown) => {
        digestKey = undefined;
        throw error;
      });
      return digestKey;
    },
    now: () => new Date(),
  };
}
