/**
 * The environment variables of our processes: what the operator writes into a Deployment and what a service's
 * `config.ts` reads. A directory variable names a mounted Secret, one file a key.
 */
export const ENV = {
  /** Address to listen on. Default 0.0.0.0. */
  host: 'HOST',
  /** Port to listen on. Default 8080. */
  port: 'PORT',
  /** fatal, error, warn, info, debug. Default info. */
  logLevel: 'LOG_LEVEL',
  /** Name of the pod (downward API). Default: the host's name. */
  podName: 'POD_NAME',
  /** What each identity may ask of this process a second, before it is answered 429. Default 20000 (vault, router). */
  requestsPerSecond: 'REQUESTS_PER_SECOND',
  vaultId: 'VAULT_ID',
  /** JSON of `AccessFile`. */
  accessFile: 'ACCESS_FILE',
  /** JSON of `RoutingFile` (router). */
  routingFile: 'ROUTING_FILE',
  /** JSON of `AccountsFile` (connector). */
  accountsFile: 'ACCOUNTS_FILE',
  /** Below it, one directory of credentials (a mounted Secret) for each account of ACCOUNTS_FILE (connector). */
  accountsDirectory: 'ACCOUNTS_DIR',
  /** Files host, port, dbname, username, password: the keys of a CloudNativePG or service-binding Secret. */
  databaseDirectory: 'DATABASE_DIR',
  /** PEM of the database's CA; without it the connection is not encrypted. */
  databaseCaFile: 'DATABASE_CA_FILE',
  /** `true`: `/readyz` warns where the database has no synchronous standby. Default false. */
  databaseSynchronousReplication: 'DATABASE_SYNCHRONOUS_REPLICATION',
  /** As DATABASE_DIR, of the role that owns the schema (`migrate`). Default: DATABASE_DIR. */
  migrationDatabaseDirectory: 'MIGRATION_DATABASE_DIR',
  kmsKeyArn: 'KMS_KEY_ARN',
  /** JSON of `MerchantKeysFile`; without it no merchant has a KMS key of its own (vault). */
  merchantKeysFile: 'MERCHANT_KEYS_FILE',
  /** Comma-separated host:port; without it events stay in the outbox and the HTTP feed. */
  kafkaBootstrapServers: 'KAFKA_BOOTSTRAP_SERVERS',
  kafkaTopic: 'KAFKA_TOPIC',
  /** `true`: TLS to the brokers. Default: plaintext. */
  kafkaTls: 'KAFKA_TLS',
  /** PEM of the authorities that the brokers' certificates are verified by. Default: the public ones. */
  kafkaCaFile: 'KAFKA_CA_FILE',
  /** ScramSha256, ScramSha512, MutualTls or AwsMskIam. Default: no authentication. */
  kafkaAuth: 'KAFKA_AUTH',
  /** Files username and password (SCRAM) or tls.crt and tls.key (MutualTls); read again when they change. */
  kafkaCredentialsDirectory: 'KAFKA_CREDENTIALS_DIR',
  /** AWS region of the brokers (AwsMskIam). */
  kafkaRegion: 'KAFKA_REGION',
  /** Topic of audit anchors, which go there past the database; without it they are in the log alone (vault). */
  kafkaAuditTopic: 'KAFKA_AUDIT_TOPIC',
  /** Seconds between two anchors of the audit trail, while it grows. Default 5 (vault). */
  auditAnchorSeconds: 'AUDIT_ANCHOR_SECONDS',
  /** Hours that a published event stays for the HTTP feed. Default 168. */
  eventRetentionHours: 'EVENT_RETENTION_HOURS',
  /** Base URL of the vault (router, connector). */
  vaultUrl: 'VAULT_URL',
  /** Our own service-account token, audience `cofferdam`; read again as it is rotated. */
  tokenFile: 'TOKEN_FILE',
  /** Opaque or Preserving. Default Opaque. */
  tokenFormat: 'TOKEN_FORMAT',
  /** Merchant or None. Default Merchant. */
  tokenDeduplicate: 'TOKEN_DEDUPLICATE',
  /** Seconds for which a sealed CVC can be used, 60 to 3600. Default 900. */
  cvcTtlSeconds: 'CVC_TTL_SECONDS',
  /** Hours after which a merchant's next write makes a new data key. Default 168. */
  dataKeyMaxAgeHours: 'DATA_KEY_MAX_AGE_HOURS',
  /** Minutes that a data key in memory goes on after KMS confirmed it last, while KMS cannot be reached. Default 60. */
  kmsOutageMinutes: 'KMS_OUTAGE_MINUTES',
  /** Days for which backups of the database are kept: when a shredding is complete follows from it. Default 35. */
  backupRetentionDays: 'BACKUP_RETENTION_DAYS',
  /** Raised to start a rekey: record keys of a lower generation encrypt nothing new and are moved away from. Default 0. */
  rekeyGeneration: 'REKEY_GENERATION',
  /** Base URL of an account updater service (docs/credential-updates.md); without it no card is asked about (vault). */
  accountUpdaterUrl: 'ACCOUNT_UPDATER_URL',
  /** Token for ACCOUNT_UPDATER_URL; read again as it is rotated. */
  accountUpdaterTokenFile: 'ACCOUNT_UPDATER_TOKEN_FILE',
  /** PEM of the authorities that ACCOUNT_UPDATER_URL's certificate is verified by. Default: the public ones. */
  accountUpdaterCaFile: 'ACCOUNT_UPDATER_CA_FILE',
  /** Cards are asked about from so many days before they expire, 1 to 365. Default 45. */
  accountUpdaterDays: 'ACCOUNT_UPDATER_DAYS',
  /** Cards of one batch, 1 to 1000. Default 500. */
  accountUpdaterBatchSize: 'ACCOUNT_UPDATER_BATCH_SIZE',
  /** Seconds between two batches, and between two looks for an answer, 1 to 86400. Default 60. */
  accountUpdaterIntervalSeconds: 'ACCOUNT_UPDATER_INTERVAL_SECONDS',
  connectorName: 'CONNECTOR_NAME',
  provider: 'PROVIDER',
  /** Base URL of the PSP instead of the provider's own. */
  endpoint: 'ENDPOINT',
  /** PEM of the authorities that ENDPOINT's certificate is verified by. Default: the public ones. */
  endpointCaFile: 'ENDPOINT_CA_FILE',
  /** Longest wait for the PSP, milliseconds. Default 10000. */
  timeoutMs: 'TIMEOUT_MS',

  /** PEM of the authorities that our own servers are verified by; read again when it changes. Default: the public ones. */
  caFile: 'CA_FILE',
  /** A certificate that somebody else renews: files tls.crt and tls.key, read again when they change. */
  tlsDirectory: 'TLS_DIR',
  /** Instead of TLS_DIR: base URL of the operator's certificate authority, which signs a key that never leaves the process. */
  certificateUrl: 'CERTIFICATE_URL',
  /** Service-account token for CERTIFICATE_URL, audience `cofferdam-certificates`. */
  certificateTokenFile: 'CERTIFICATE_TOKEN_FILE',
  /** Comma-separated DNS names to ask CERTIFICATE_URL for: those of our Service. */
  serviceNames: 'SERVICE_NAMES',
} as const;

/** The port that every service listens on in a cluster; its Service has the same one. */
export const SERVICE_PORT = 8080;

/** Audience of the tokens that the operator's certificate authority accepts; no service takes one. */
export const CERTIFICATE_AUDIENCE = 'cofferdam-certificates';
