import { randomUUID } from 'node:crypto';
import {
  CreateGrantCommand,
  type CreateGrantCommandInput,
  CreateKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { KMS_ROLES } from '@cofferdam/devcluster/addons';
import { createLogger, createMetrics, createPool, databaseOver } from '@cofferdam/runtime';
import { BoundedEntries } from '../../src/audit/bounded-entries.ts';
import { ChainHeads } from '../../src/audit/chain-heads.ts';
import { createCommit } from '../../src/commit.ts';
import { CvcKeys } from '../../src/crypto/cvc-keys.ts';
import { KeyRing, type UseLimits } from '../../src/crypto/key-ring.ts';
import { createGatherer } from '../../src/group-commit/gatherer.ts';
import { createLane } from '../../src/group-commit/lane.ts';
import { createIntegrityReports } from '../../src/integrity-reports.ts';
import { awsKeyManagement } from '../../src/kms/aws.ts';
import type { MerchantKey, MerchantKeys } from '../../src/kms/merchant-keys.ts';
import { ownIdentity } from '../../src/rekey/own-identity.ts';
import { createRekey } from '../../src/rekey/run-rekey.ts';
import { createShreddings } from '../../src/shredding/carry-out.ts';
import { tokenize } from '../../src/tokenize.ts';
import type { Vault } from '../../src/vault.ts';
import { card } from './vault-caller.ts';
import { VAULT_ID, type World } from './vault-world.ts';

export type Replica = Awaited<ReturnType<typeof newReplica>>;

/** A replica of the next roll-out: another KMS key, another rekey generation, and a clock that the test moves. */
export async function newReplica(
  world: World,
  options: { keyArn?: string; generation: number; uses?: UseLimits; own?: readonly MerchantKey[] },
) {
  const { keyArn = world.keyArn, generation, own = [] } = options;
  const merchantKeys: MerchantKeys = {
    of: (merchant) => own.find((key) => key.merchant === merchant),
    all: () => own,
  };
  const { app } = world.databases;
  const database = databaseOver(
    createPool({ ...app, port: Number(app.port) }, { applicationName: 'rekey-test', maxConnections: 4 }),
  );
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const kms = awsKeyManagement(new KMSClient(world.kms.clientSettings.vault));
  const logger = createLogger({ service: 'vault', level: 'fatal', instance: 'test' });
  const common = { vaultId: VAULT_ID, database, kms, keyArn };
  const keys = new KeyRing({
    ...common,
    merchantKeys,
    logger,
    now,
    generation,
    dataKeyMaxAgeMs: 1e12,
    ...(options.uses ? { uses: options.uses } : {}),
  });
  const heads = new ChainHeads(`rekey-test/${generation}/${Math.random()}`);
  const commit = createCommit(database, heads);
  const gatherer = createGatherer({
    lanes: [createLane(database, heads, 'lane1')],
    maxBatch: 16,
    maxWaiting: 64,
    maxWaitMs: 5000,
    refuse: (why) => new Error(why),
  });
  const bounded = new BoundedEntries({ commit, logger, now: () => new Date(now()) });
  const metrics = createMetrics();
  const vault: Vault = {
    cvcKeys: new CvcKeys({ ...common, ttlMs: 900_000, now }),
    ...{
      vaultId: VAULT_ID,
      database,
      keys,
      merchantKeys,
      tokenFormat: 'Opaque',
      deduplicate: true,
      backupRetentionMs: 35 * 86_400_000,
    },
    commit,
    boundedAudit: bounded,
    integrity: createIntegrityReports({ metrics, logger, bounded, now: () => new Date(now()) }),
    together: gatherer.submit,
    now: () => new Date(now()),
  };
  return {
    database,
    keys,
    vault,
    shreddings: createShreddings(vault, kms),
    rekey: createRekey(vault, { kms, keyArn, merchantKeys, generation }),
    now: () => new Date(now()),
    /** @param deduplicate whether a card that has a token keeps it */
    tokenize: (
      merchant: string,
      number: string,
      { key: idempotencyKey = randomUUID() as string, deduplicate = true } = {},
    ) =>
      tokenize(
        { ...vault, deduplicate },
        {
          by: { ...ownIdentity(VAULT_ID), merchant },
          idempotencyKey: ['tokenize', idempotencyKey],
          body: card(number),
        },
      ),
    pass: (ms: number) => {
      ahead += ms;
    },
    close: async () => {
      keys.close();
      kms.close();
      await metrics.close();
      await database.close();
    },
  };
}

/** A few steps of a rekey, with a pause after each: what finds nothing to do rests. */
export async function steps(replica: Pick<Replica, 'rekey' | 'pass'>, count = 3): Promise<void> {
  for (let i = 0; i < count; i++) {
    await replica.rekey.step();
    replica.pass(31_000);
  }
}

/** A KMS key of a merchant's own, granted for its data keys alone, as the operator does it. */
export async function merchantKey(world: World, merchant: string): Promise<string> {
  const admin = new KMSClient(world.kms.clientSettings.admin);
  const { KeyMetadata } = await admin.send(new CreateKeyCommand({}));
  const grants = [
    {
      KeyId: KeyMetadata?.Arn,
      Operations: ['GenerateDataKey', 'Decrypt', 'ReEncryptTo', 'ReEncryptFrom'],
      Constraints: { EncryptionContextSubset: { vaultId: VAULT_ID, merchant } },
    },
    // From under it, and not back: that is what the vault that runs would do, which knows nothing of the merchant's key.
    {
      KeyId: world.keyArn,
      Operations: ['ReEncryptFrom'],
      Constraints: { EncryptionContextSubset: { vaultId: VAULT_ID } },
    },
  ] satisfies Partial<CreateGrantCommandInput>[];
  for (const one of grants) {
    const grant = new CreateGrantCommand({ ...one, GranteePrincipal: KMS_ROLES.vault });
    await admin.send(grant);
  }
  admin.destroy();
  return KeyMetadata?.Arn ?? '';
}

/** Another KMS key, granted to the vault as the one of before. */
export async function otherKey(world: World): Promise<string> {
  const admin = new KMSClient(world.kms.clientSettings.admin);
  const { KeyMetadata } = await admin.send(new CreateKeyCommand({}));
  await admin.send(
    new CreateGrantCommand({
      KeyId: KeyMetadata?.Arn,
      GranteePrincipal: KMS_ROLES.vault,
      Operations: ['GenerateDataKey', 'Decrypt', 'ReEncryptTo', 'ReEncryptFrom'],
      Constraints: { EncryptionContextSubset: { vaultId: VAULT_ID } },
    }),
  );
  await admin.send(
    new CreateGrantCommand({
      KeyId: world.keyArn,
      GranteePrincipal: KMS_ROLES.vault,
      Operations: ['ReEncryptFrom'],
      Constraints: { EncryptionContextSubset: { vaultId: VAULT_ID } },
    }),
  );
  admin.destroy();
  return KeyMetadata?.Arn ?? '';
}
