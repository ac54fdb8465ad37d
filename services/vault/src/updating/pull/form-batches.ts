import { randomId } from '@cofferdam/runtime';
import { expiriesToAskAbout, isWalkDue } from '../../domain/updater-schedule.ts';
import { noteExpiring, takeInquiries } from '../../storage/card-inquiries.ts';
import { insertBatch, storeWalk, takeWalk } from '../../storage/updater-batches.ts';
import type { Vault } from '../../vault.ts';

/** Tokens that are looked at a second. */
const LOOKED_AT = 5000;

export interface UpdaterSettings {
  /** Cards are asked about from so many days before they expire. */
  days: number;
  batchSize: number;
  /** Between two batches of all replicas together, and between two looks for an answer. */
  intervalMs: number;
}

/** Goes on with the day's walk through the tokens, and notes those whose cards are about to expire. */
export async function lookForExpiring(vault: Vault, { days }: UpdaterSettings): Promise<void> {
  await vault.commit(async ({ transaction }) => {
    const walk = await takeWalk(transaction);
    const now = vault.now();
    if (!walk || !isWalkDue(walk, now)) return;
    const begins = walk.finishedAt !== null;
    const after = begins ? '' : walk.afterToken;
    const startedAt = begins ? now : walk.startedAt;
    const expiries = { ...expiriesToAskAbout(now, days), now };
    const last = await noteExpiring(transaction, { after, limit: LOOKED_AT }, expiries);
    const finishedAt = last === undefined ? now : null;
    await storeWalk(transaction, { ...walk, startedAt, finishedAt, afterToken: last ?? '' });
  });
}

/** Puts cards that wait into a batch, which is known before it is sent; not oftener than the interval allows. */
export async function formBatch(vault: Vault, { batchSize, intervalMs }: UpdaterSettings): Promise<void> {
  await vault.commit(async ({ transaction }) => {
    const walk = await takeWalk(transaction);
    const now = vault.now();
    if (!walk || now.getTime() < (walk.lastBatchAt?.getTime() ?? 0) + intervalMs) return;
    const batch = randomId('ubt');
    if ((await takeInquiries(transaction, batch, batchSize)) === 0) return;
    await insertBatch(transaction, batch, now);
    await storeWalk(transaction, { ...walk, lastBatchAt: now });
  });
}
