import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  KMS_ROLES,
  type PostgresServer,
  provisionDatabases,
  startTestKms,
  startTestPostgres,
} from '@cofferdam/devcluster/addons';
import { createSupervisor, type Supervisor } from '@cofferdam/devcluster/process';
import {
  createGrantedKey,
  createTestTls,
  createTokenIssuer,
  writeAccessFile,
  writeDatabaseSecret,
} from '@cofferdam/devcluster/testing';
import type { LoadSettings } from './load/phase.ts';

/** What vaults of a measurement run against: a PostgreSQL as it comes, a KMS, and the files of a pod. */
export type VaultEnvironment = {
  supervisor: Supervisor;
  postgres: PostgresServer;
  logDirectory: string;
  /** What every vault process is given; a replica gets POD_NAME besides. */
  vaultEnvironment: Record<string, string>;
  /** For one process of the load generator: its tokens live ten minutes, as those of pods that reveal must. */
  loadSettings(): Promise<LoadSettings>;
  /** A token of another identity of the rules, such as `auditor`. */
  identity(name: string): Promise<string>;
  close(): Promise<void>;
};

const VAULT_ID = 'benchmark';
const MERCHANT = 'acme';
const account = (name: string): string => `system:serviceaccount:payments:${name}`;
const OWN = 'system:serviceaccount:payments-dev:payments-vault';

const SHOP = ['tokens:create', 'tokens:read', 'tokens:update', 'tokens:delete', 'events:read'];
const RULES = [
  { subjects: [account('shop')], merchants: [MERCHANT], allow: SHOP },
  { subjects: [account('router')], merchants: ['*'], allow: ['grants:create'] },
  { subjects: [account('connector')], merchants: [MERCHANT], allow: ['tokens:reveal'] },
  { subjects: [account('operator')], merchants: ['*'], allow: ['status:read'] },
  { subjects: [account('auditor')], merchants: ['*'], allow: ['audit:read'] },
];

/** @param startServer another PostgreSQL than a temporary one; the environment stops it */
export async function startVaultEnvironment(
  hostEnvironment: Record<string, string>,
  startServer: (supervisor: Supervisor) => Promise<PostgresServer> = startTestPostgres,
): Promise<VaultEnvironment> {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let last = closers.pop(); last; last = closers.pop()) await last();
  };
  try {
    const supervisor = await createSupervisor();
    closers.push(() => supervisor.close());
    const directory = mkdtempSync(join(tmpdir(), 'cofferdam-bench-vault-'));
    supervisor.removeDirectoryAtEnd(directory);
    closers.push(() => rmSync(directory, { recursive: true, force: true }));
    const [issuer, tls] = await Promise.all([createTokenIssuer(), createTestTls()]);
    closers.push(() => tls.remove());
    const postgres = await startServer(supervisor);
    closers.push(() => postgres.stop());
    const jwks = async () => JSON.parse(issuer.jwks());
    const kms = await startTestKms({ serviceAccountIssuer: { issuer: issuer.issuer, jwks } });
    closers.push(() => kms.stop());

    const { vault } = await provisionDatabases(postgres.adminUrl, postgres);
    writeDatabaseSecret(join(directory, 'database'), vault.app);
    writeDatabaseSecret(join(directory, 'migration-database'), vault.owner);
    const accessFile = writeAccessFile(directory, issuer, { vaultId: VAULT_ID, rules: RULES });
    const identity = { subject: OWN, audience: 'sts.amazonaws.com', lifetimeSeconds: 86_400 };
    writeFileSync(join(directory, 'aws-token'), await issuer.sign(identity));
    const sign = (name: string) => issuer.sign({ subject: account(name) });
    return {
      ...{ supervisor, postgres, close },
      logDirectory: join(directory, 'logs'),
      vaultEnvironment: {
        ...hostEnvironment,
        HOST: '127.0.0.1',
        PORT: '0',
        VAULT_ID,
        TLS_DIR: tls.directory,
        ACCESS_FILE: accessFile,
        DATABASE_DIR: join(directory, 'database'),
        MIGRATION_DATABASE_DIR: join(directory, 'migration-database'),
        KMS_KEY_ARN: await createGrantedKey(kms, VAULT_ID),
        AWS_REGION: kms.clientSettings.vault.region,
        AWS_ENDPOINT_URL_KMS: kms.url,
        AWS_ENDPOINT_URL_STS: kms.url,
        AWS_ROLE_ARN: KMS_ROLES.vault,
        AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, 'aws-token'),
        // One identity sends everything: what it may is not what is measured.
        REQUESTS_PER_SECOND: '100000',
      },
      identity: sign,
      loadSettings: async () => ({
        caFile: tls.caFile,
        tokens: {
          shop: await sign('shop'),
          router: await sign('router'),
          connector: await sign('connector'),
        },
        merchant: MERCHANT,
        connectorSubject: account('connector'),
      }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
