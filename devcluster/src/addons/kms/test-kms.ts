import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSecret } from '../random-secret.ts';
import type { CallLog, KmsOptions, Principal } from './options.ts';
import { type KmsServer, startKms } from './server.ts';

export const KMS_REGION = 'eu-central-1';
const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;

/** The roles of the dev environment, and one that may do everything. */
export const KMS_ROLES = {
  admin: role('admin'),
  operator: role('cofferdam-operator'),
  vault: role('acme-dev-vault'),
} as const;
export type KmsRoleName = keyof typeof KMS_ROLES;

export const KMS_PRINCIPALS: readonly Principal[] = [
  { roleArn: KMS_ROLES.admin, trustSubjects: [], permissions: 'full' },
  {
    roleArn: KMS_ROLES.operator,
    trustSubjects: ['system:serviceaccount:cofferdam-system:cofferdam-operator'],
    permissions: 'key-admin',
  },
  {
    roleArn: KMS_ROLES.vault,
    trustSubjects: ['system:serviceaccount:payments-dev:payments-vault'],
    permissions: 'by-grant-only',
  },
];

/** What `new KMSClient(...)` takes to act as a role. */
export interface KmsClientSettings {
  region: string;
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

export interface TestKms extends KmsServer {
  /** Settings of a client for each role, with a static access key. */
  clientSettings: Record<KmsRoleName, KmsClientSettings>;
  /** Every call so far. */
  calls: CallLog[];
  stateDirectory: string;
  /** Orders faults (see faults.ts); none to end them. */
  fault(...faults: object[]): Promise<void>;
}

/**
 * A KMS endpoint of one test file, in this process: temporary state, a free port of 127.0.0.1. `stop()` removes
 * its state.
 *
 * @param overrides such as `serviceAccountIssuer`, `now`, other `principals`, or a `stateDirectory` to keep
 */
export async function startTestKms(overrides: Partial<KmsOptions> = {}): Promise<TestKms> {
  const stateDirectory = overrides.stateDirectory ?? mkdtempSync(join(tmpdir(), 'cofferdam-kms-'));
  const keys = Object.values(KMS_ROLES).map((roleArn, index) => ({
    ...{ accessKeyId: `AKIATEST${index}`, secretAccessKey: randomSecret(), roleArn },
  }));
  const calls: CallLog[] = [];
  const server = await startKms({
    listen: { host: '127.0.0.1', port: 0 },
    principals: [...KMS_PRINCIPALS],
    staticKeys: keys,
    region: KMS_REGION,
    log: (entry) => calls.push(entry),
    ...overrides,
    stateDirectory,
  });
  const settings = (name: KmsRoleName): KmsClientSettings => {
    const key = keys.find(({ roleArn }) => roleArn === KMS_ROLES[name]);
    const { accessKeyId = '', secretAccessKey = '' } = key ?? {};
    return { region: KMS_REGION, endpoint: server.url, credentials: { accessKeyId, secretAccessKey } };
  };
  return {
    ...server,
    clientSettings: { admin: settings('admin'), operator: settings('operator'), vault: settings('vault') },
    calls,
    stateDirectory,
    async fault(...faults) {
      const response = await fetch(`${server.url}/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ faults }),
      });
      if (!response.ok) throw new Error(`faults refused: ${await response.text()}`);
    },
    async stop() {
      await server.stop();
      if (overrides.stateDirectory === undefined) rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}
