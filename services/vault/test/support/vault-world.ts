import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DatabaseRoles,
  KMS_ROLES,
  type PostgresServer,
  provisionDatabases,
  startTestKms,
  startTestPostgres,
  type TestKms,
} from '@cofferdam/devcluster/addons';
import {
  createGrantedKey,
  createTestTls,
  createTokenIssuer,
  type TestTls,
  type TokenIssuer,
  writeAccessFile,
  writeDatabaseSecret,
} from '@cofferdam/devcluster/testing';
import { runProcess, type VaultProcess } from './vault-process.ts';

export const SUBJECTS = {
  checkout: 'system:serviceaccount:payments-dev:checkout',
  globexShop: 'system:serviceaccount:payments-dev:globex-shop',
  router: 'system:serviceaccount:payments-dev:payments-router',
  stripe: 'system:serviceaccount:payments-dev:stripe-connector',
  adyen: 'system:serviceaccount:payments-dev:adyen-connector',
  anyMerchant: 'system:serviceaccount:payments-dev:platform',
  operator: 'system:serviceaccount:cofferdam-system:cofferdam-operator',
  auditor: 'system:serviceaccount:audit:auditor',
  support: 'system:serviceaccount:payments-dev:support',
} as const;

const SHOP = [
  ...['tokens:create', 'tokens:read', 'tokens:list', 'tokens:update', 'tokens:delete'],
  ...['bins:read', 'events:read', 'credentials:inquire'],
  ...['customers:read', 'customers:write', 'customers:delete'],
  ...['credentials:read', 'credentials:write', 'agreements:read', 'agreements:write'],
];

/** The rules of the dev environment, as the operator writes them. */
export const RULES = [
  { subjects: [SUBJECTS.checkout], merchants: ['acme'], allow: SHOP },
  { subjects: [SUBJECTS.globexShop], merchants: ['globex'], allow: SHOP },
  { subjects: [SUBJECTS.router], merchants: ['*'], allow: ['tokens:read', 'grants:create'] },
  {
    subjects: [SUBJECTS.stripe, SUBJECTS.adyen],
    merchants: ['acme', 'globex'],
    allow: ['tokens:reveal', 'credentials:update'],
  },
  { subjects: [SUBJECTS.anyMerchant], merchants: ['*'], allow: [...SHOP, 'merchants:shred'] },
  { subjects: [SUBJECTS.operator], merchants: ['*'], allow: ['status:read'] },
  { subjects: [SUBJECTS.auditor], merchants: ['*'], allow: ['audit:read'] },
  { subjects: [SUBJECTS.support], merchants: ['acme'], allow: ['customers:read', 'customers:delete'] },
  { subjects: [SUBJECTS.support], merchants: ['globex'], allow: ['tokens:delete'] },
];

/** PostgreSQL, KMS with a key granted to the vault, an issuer of tokens, and the files of a pod. */
export interface World {
  directory: string;
  postgres: PostgresServer;
  databases: DatabaseRoles;
  kms: TestKms;
  keyArn: string;
  issuer: TokenIssuer;
  /** The vault's certificate, and a `fetch` that trusts it. */
  tls: TestTls;
  /** Lines that every process of this world has written, both streams. */
  output: string[];
  writeAccess(rules?: object[]): void;
  /** Starts a process of the vault; `serve` resolves when it is ready. */
  serve(env?: Record<string, string>): Promise<VaultProcess>;
  migrate(env?: Record<string, string>): Promise<number>;
  environment(): Record<string, string>;
  close(): Promise<void>;
}

export const VAULT_ID = 'acme-dev';

export async function createWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-vault-test-'));
  const [issuer, tls] = await Promise.all([createTokenIssuer(), createTestTls()]);
  const jwks = async () => JSON.parse(issuer.jwks());
  const [postgres, kms] = await Promise.all([
    startTestPostgres(),
    startTestKms({ serviceAccountIssuer: { issuer: issuer.issuer, jwks } }),
  ]);
  const { vault: databases } = await provisionDatabases(postgres.adminUrl, postgres);
  const keyArn = await createGrantedKey(kms, VAULT_ID);
  const running = new Set<VaultProcess>();
  const output: string[] = [];

  writeDatabaseSecret(join(directory, 'database'), databases.app);
  writeDatabaseSecret(join(directory, 'migration-database'), databases.owner);
  const writeAccess = (rules: object[] = RULES) =>
    void writeAccessFile(join(directory, 'access'), issuer, { vaultId: VAULT_ID, rules });
  writeAccess();
  const ownSubject = 'system:serviceaccount:payments-dev:payments-vault';
  const audience = 'sts.amazonaws.com';
  writeFileSync(join(directory, 'aws-token'), await issuer.sign({ subject: ownSubject, audience }));
  const environment = (): Record<string, string> => ({
    PATH: process.env['PATH'] ?? '',
    HOST: '127.0.0.1',
    PORT: '0',
    POD_NAME: 'payments-vault-0',
    VAULT_ID,
    TLS_DIR: tls.directory,
    ACCESS_FILE: join(directory, 'access/access.json'),
    DATABASE_DIR: join(directory, 'database'),
    MIGRATION_DATABASE_DIR: join(directory, 'migration-database'),
    KMS_KEY_ARN: keyArn,
    AWS_REGION: kms.clientSettings.vault.region,
    AWS_ENDPOINT_URL_KMS: kms.url,
    // As EKS injects them for a service account with a role.
    AWS_ENDPOINT_URL_STS: kms.url,
    AWS_ROLE_ARN: KMS_ROLES.vault,
    AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, 'aws-token'),
  });
  return {
    ...{ directory, postgres, databases, kms, keyArn, issuer, tls, output, writeAccess, environment },
    serve: async (env = {}) => {
      const started = runProcess('serve', { ...environment(), ...env }, { output, fetch: tls.fetch });
      running.add(started);
      await started.ready();
      return started;
    },
    migrate: (env = {}) => runProcess('migrate', { ...environment(), ...env }, { output }).exited,
    close: async () => {
      await Promise.all([...running].map((started) => started.kill('SIGKILL')));
      await Promise.all([postgres.stop(), kms.stop()]);
      tls.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
