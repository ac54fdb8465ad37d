import type { Counter } from '@cofferdam/runtime';
import { findAsked, markAnswered } from '../../storage/card-inquiries.ts';
import { moveBatch } from '../../storage/updater-batches.ts';
import type { Vault } from '../../vault.ts';

/** What has no answer when nothing more is to come has none; it is asked about another time. */
export async function finishBatch(vault: Vault, batch: string, updates: Counter): Promise<void> {
  const now = vault.now();
  const without = (await findAsked(vault.database, batch)).map(({ token }) => token);
  await markAnswered(vault.database, { batch, tokens: without }, now);
  if (without.length > 0) updates.add(without.length, { way: 'pull', code: '', outcome: 'no_answer' });
  await moveBatch(vault.database, batch, { state: 'finished', nextAt: now });
}
