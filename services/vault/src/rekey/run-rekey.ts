import type { Statusz } from '@cofferdam/contracts';
import type { KeyManagement } from '../kms/key-management.ts';
import { findRekey } from '../storage/rekeys.ts';
import type { Vault } from '../vault.ts';
import { moveRecords, type RekeyOptions } from './move-records.ts';
import { rewrapKeys } from './rewrap-keys.ts';

export interface Rekey {
  /** About a second's worth of it; called again and again. */
  step(): Promise<void>;
  status(): Promise<Statusz['rekey']>;
}

/** Requests come first: so many records a second and replica, of the thousands that one can do. */
const RECORDS_A_STEP = 2000;

/** What goes on behind the requests when the bound KMS key changes, or `spec.keys.rekeyGeneration` is raised. */
export function createRekey(
  vault: Vault,
  options: { kms: KeyManagement; keyArn: string } & RekeyOptions,
): Rekey {
  const { generation, kms, keyArn } = options;
  return {
    async step() {
      const { database, vaultId } = vault;
      await rewrapKeys({ database, kms, vaultId, keyArn });
      if (generation === 0) return;
      for (let seen = 0, last = 1; last > 0 && seen < RECORDS_A_STEP; seen += last) {
        last = await moveRecords(vault, options);
      }
    },
    async status() {
      if (generation === 0) return undefined;
      const progress = await findRekey(vault.database, generation);
      if (progress === undefined) return { generation, total: 0, done: 0, finished: false };
      const { total, done, finishedAt } = progress;
      return { generation, total, done, finished: finishedAt !== undefined };
    },
  };
}
