export { freePort } from './free-port.ts';
export type { Absent } from './kafka/java.ts';
export type { SecuredListeners } from './kafka/secured.ts';
export { type KafkaOptions, type KafkaServer, startKafka } from './kafka/server.ts';
export { createTestAuthority, type TestAuthority, type TestKeyPair } from './kafka/test-certificates.ts';
export {
  KAFKA_CACHE,
  type SecuredTestKafka,
  startSecuredTestKafka,
  startTestKafka,
} from './kafka/test-kafka.ts';
export type { CallLog, KmsConfig, KmsOptions, Principal, StaticKey } from './kms/options.ts';
export { type KmsServer, startKms } from './kms/server.ts';
export {
  KMS_PRINCIPALS,
  KMS_REGION,
  KMS_ROLES,
  type KmsClientSettings,
  startTestKms,
  type TestKms,
} from './kms/test-kms.ts';
export {
  type DatabaseCredentials,
  type DatabaseName,
  type DatabaseRoles,
  provisionDatabases,
} from './postgres/databases.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres/server.ts';
export { startTestPostgres } from './postgres/test-postgres.ts';
