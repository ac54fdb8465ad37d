import type { Statusz } from '@cofferdam/contracts';
import type { FingerprintMove } from '../domain/fingerprint-move.ts';
import type { KeyManagement, KeyManagementError } from '../kms/key-management.ts';
import type { MerchantKeys } from '../kms/merchant-keys.ts';
import { findMove } from '../storage/fingerprint-moves.ts';
import { findNewestRekey, type RekeyProgress } from '../storage/rekeys.ts';
import type { Vault } from '../vault.ts';
import { moveFingerprints } from './move-fingerprints.ts';
import { moveRecords, type RekeyOptions } from './move-records.ts';
import { rewrapKeys } from './rewrap-keys.ts';

export interface Rekey {
  /** About a second's worth of it; called again and again. */
  step(): Promise<void>;
  /** Of the highest generation that the database has seen, or of the one that was asked for, if that is higher. */
  status(): Promise<Pick<Statusz, 'rekey' | 'rekeyParts'>>;
}

/** Requests come first: so many records, and cards, a second and replica, of the thousands that one can do. */
const ROWS_A_STEP = 2000;

/** When there is nothing to do. To know that, all data keys are looked through, of which there may be many. */
const REST_MS = 30_000;

/** What goes on behind the requests when the bound KMS key changes, or `spec.keys.rekeyGeneration` is raised. */
export function createRekey(
  vault: Vault,
  options: { kms: KeyManagement; keyArn: string; merchantKeys?: MerchantKeys } & RekeyOptions,
): Rekey {
  const { generation } = options;
  const { database } = vault;
  let refused: KeyManagementError | undefined;
  // Rests also when all that is left is refused: whoever holds that KMS key may leave it so for ever.
  const rewrapSome = resting(vault.now, async () => {
    const batch = await rewrapKeys(vault, options);
    refused = batch.refused;
    return batch.done;
  });
  async function rewrap(): Promise<void> {
    refused = undefined;
    await rewrapSome();
    if (refused) throw refused;
  }
  const ofRecords = resting(vault.now, () => moveRecords(vault, options));
  const ofFingerprints = resting(vault.now, () => moveFingerprints(vault, options));
  async function moveSome(move: () => Promise<number>): Promise<void> {
    for (let seen = 0, last = 1; last > 0 && seen < ROWS_A_STEP; seen += last) last = await move();
  }
  /** What stops one of them stops no other. */
  async function moveAll(): Promise<void> {
    try {
      await moveSome(ofRecords);
    } finally {
      await moveSome(ofFingerprints);
    }
  }
  return {
    async step() {
      try {
        await rewrap();
      } finally {
        if (generation > 0) await moveAll();
      }
    },
    async status() {
      const newest = await findNewestRekey(database);
      if (newest === undefined || newest.generation < generation) {
        return generation === 0 ? {} : { rekey: { generation, total: 0, done: 0, finished: false } };
      }
      return statusOf(newest, await findMove(database, newest.generation));
    },
  };
}

function statusOf(
  records: RekeyProgress,
  cards: FingerprintMove | undefined,
): Pick<Statusz, 'rekey' | 'rekeyParts'> {
  const { generation, total, done, leftBehind, finishedAt } = records;
  const fingerprints = {
    phase: cards?.phase ?? 'adding',
    ...{ total: cards?.total ?? 0, done: cards?.done ?? 0, leftBehind: cards?.leftBehind ?? 0 },
  };
  const finished = finishedAt !== undefined && cards?.finishedAt !== undefined;
  const at = new Date(Math.max(finishedAt?.getTime() ?? 0, cards?.finishedAt?.getTime() ?? 0)).toISOString();
  const closed = `${leftBehind} records and ${fingerprints.leftBehind} cards that could not be opened`;
  const exceptions = leftBehind + fingerprints.leftBehind > 0 ? `but for ${closed}, ` : '';
  const statement = `Read from the tables by ${at}: ${exceptions}of ${total} records and ${fingerprints.total} cards none is under a data key from before rekey ${generation}, and no request is remembered by one.`;
  return {
    rekey: { generation, total: total + fingerprints.total, done: done + fingerprints.done, finished },
    rekeyParts: {
      records: { total, done, leftBehind, finished: finishedAt !== undefined },
      fingerprints: { ...fingerprints, finished: cards?.finishedAt !== undefined },
      ...(finished ? { statement } : {}),
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
