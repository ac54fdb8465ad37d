/** Of a span: who began it. */
export { SpanKind } from '@opentelemetry/api';
export { type Access, loadAccess } from './authentication/access.ts';
export { AccessRefused } from './authentication/access-refused.ts';
export type { Caller, Identity, Merchants, RouteAccess } from './authentication/caller.ts';
export {
  type BreakerRules,
  type BreakerState,
  type CircuitBreaker,
  CircuitOpenError,
  createCircuitBreaker,
} from './client/circuit-breaker.ts';
export { type FollowingAgent, followingAgent } from './client/following-agent.ts';
export { neverSent } from './client/never-sent.ts';
export {
  type Call,
  type CallFailure,
  createServiceClient,
  ServiceCallError,
  type ServiceClient,
  type ServiceClientOptions,
} from './client/service-client.ts';
export { type TokenSource, tokenSource } from './client/token-source.ts';
export { BatchStatement, type Column, ROWS_HAVE_CHANGED } from './database/batch-statement.ts';
export { encodeArray } from './database/binary-array.ts';
export {
  createPool,
  type Database,
  databaseOver,
  openDatabase,
  type PoolOptions,
  type Queryable,
  type Statement,
  type Transaction,
} from './database/database.ts';
export { LOCK_NOT_AVAILABLE, sqlState } from './database/errors.ts';
export { loadMigrations } from './database/load-migrations.ts';
export { migrateCommand } from './database/migrate-command.ts';
export { type Migration, migrate } from './database/migrations.ts';
export { addDatabaseChecks } from './database/readiness.ts';
export { confirmCommitted, replicationCheck } from './database/replication.ts';
export { SchemaGate, type SchemaState } from './database/schema-gate.ts';
export type { DatabaseSettings } from './database/settings.ts';
export {
  type BrokerSettings,
  brokerSettings,
  callerSettings,
  commonSettings,
  databaseSettings,
  outboxSettings,
  readEnvironment,
} from './environment.ts';
export { type FieldError, notUsable, ProblemError, type ProblemOptions, StartError } from './errors.ts';
export { type WatchedFile, watchFile, watchFiles } from './files/watched-file.ts';
export { type AppOptions, createApp } from './http/app.ts';
export { type LongUploadLimits, longUpload } from './http/long-upload.ts';
export { asProblem, problemBody } from './http/problems.ts';
export { RateLimiter, type RateLimitOptions } from './http/rate-limit.ts';
export { type Check, type CheckResult, Readiness } from './http/readiness.ts';
export { listenerOptions } from './http/secure-server.ts';
export { validate } from './http/validate.ts';
export { orderedId, pooledRandomBytes, type RandomBytes, randomId } from './ids.ts';
export {
  certificateAuthorities,
  KAFKA_CREDENTIAL_KEYS,
  KAFKA_MECHANISMS,
  type KafkaAccess,
  type KafkaAuth,
  KafkaCredentialsError,
  type KafkaMechanism,
  kafkaAuth,
} from './kafka/access.ts';
export { kafkaClientOptions } from './kafka/client-options.ts';
export { type JsonPublisher, type JsonRecord, jsonPublisher } from './kafka/json-publisher.ts';
export { mountedKafkaAccess } from './kafka/mounted-access.ts';
export { type AwsCredentials, type MskTokenOptions, mskToken } from './kafka/msk-token.ts';
export { every } from './lifecycle/every.ts';
export { Lifecycle } from './lifecycle/lifecycle.ts';
export { type RunningService, type RunOptions, runService } from './lifecycle/run-service.ts';
export { createLogger, type LogDestination, type Logger } from './logging/logger.ts';
export { scrub } from './logging/scrub.ts';
export { type Counter, createMetrics, type Metrics } from './metrics/metrics.ts';
export { appendEvent, appendEvents, type NewEvent } from './outbox/append.ts';
export { type Cursor, START } from './outbox/cursor.ts';
export { addEventFeed } from './outbox/feed.ts';
export { type EventPublisher, kafkaPublisher } from './outbox/kafka-publisher.ts';
export { countUnpublished, oldestUnpublishedSeconds } from './outbox/lag.ts';
export { type Outbox, startOutbox } from './outbox/outbox.ts';
export { pruneEvents } from './outbox/prune.ts';
export { readEvents } from './outbox/read.ts';
export { type Relay, startRelay } from './outbox/relay.ts';
export { OUTBOX_SHARDS, outboxMigration } from './outbox/schema.ts';
export { forgetSubjects } from './outbox/subjects.ts';
export { openTelemetry, type Telemetry } from './telemetry.ts';
export { credentialsFromDirectory } from './tls/from-directory.ts';
export type { KeyPair } from './tls/key-pair.ts';
export { openTls, type Tls } from './tls/open.ts';
export type { ServerCredentials } from './tls/server-credentials.ts';
export { httpsUrl, type TlsConfig, tlsSettings, tlsSource } from './tls/settings.ts';
export { openTrust, type Trust } from './tls/trust.ts';
export { type Outgoing, traceOutgoing } from './tracing/http-client.ts';
export { type TracingSettings, tracingSettings } from './tracing/settings.ts';
export type { OpenSpan, Tracing } from './tracing/tracing.ts';
