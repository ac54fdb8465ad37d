import type { Statusz } from '@cofferdam/contracts';
import type { KeyManagement } from '../kms/key-management.ts';
import { findNewestRekey } from '../storage/rekeys.ts';
import type { Vault } from '../vault.ts';
import { moveRecords, type RekeyOptions } from './move-records.ts';
import { rewrapKeys } from './rewrap-keys.ts';

export interface Rekey {
  /** About a second's worth of it; called again and again. */
  step(): Promise<void>;
  /** Of the highest generation that the database has seen, or of the one that was asked for, if that is higher. */
  status(): Promise<Statusz['rekey']>;
}

/** Requests come first: so many records a second and replica, of the thousands that one can do. */
const RECORDS_A_STEP = 2000;

/** When there is nothing to do. To know that, all data keys are looked through, of which there may be many. */
const REST_MS = 30_000;

/** What goes on behind the requests when the bound KMS key changes, or `spec.keys.rekeyGeneration` is raised. */
export function createRekey(
  vault: Vault,
  options: { kms: KeyManagement; keyArn: string } & RekeyOptions,
): Rekey {
  const { generation, kms, keyArn } = options;
  const { database } = vault;
  const rewrap = resting(vault.now, () => rewrapKeys(vault, { kms, keyArn }));
  const move = resting(vault.now, () => moveRecords(vault, options));
  async function moveSome(): Promise<void> {
    for (let seen = 0, last = 1; last > 0 && seen < RECORDS_A_STEP; seen += last) last = await move();
  }
  return {
    async step() {
      try {
        await rewrap();
      } finally {
        if (generation > 0) await moveSome();
      }
    },
    async status() {
      const newest = await findNewestRekey(database);
      if (newest === undefined || newest.generation < generation)
        return generation === 0 ? undefined : { generation, total: 0, done: 0, finished: false };
      const { total, done, finishedAt } = newest;
      return { generation: newest.generation, total, done, finished: finishedAt !== undefined };
    },
  };
}

/** Leaves the work alone for a while after it has found nothing to do, and says 0 meanwhile. */
function resting(now: () => Date, work: () => Promise<number>): () => Promise<number> {
  let until = 0;
  return async () => {
    if (now().getTime() < until) return 0;
    const done = await work();
    if (done === 0) until = now().getTime() + REST_MS;
    return done;
  };
}
