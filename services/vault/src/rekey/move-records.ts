import { auditEntry } from '../audit-entry.ts';
import type { DataKey } from '../crypto/data-key.ts';
import { openCard, sealCard } from '../crypto/sealed-card.ts';
import { afterBatch, afterWalk, fromTheStart, isSettled } from '../domain/rekey-walk.ts';
import { IntegrityError } from '../integrity-error.ts';
import { merchantsWithOldKeyNewest, oldKeysGivenUpAt } from '../storage/data-keys.ts';
import { recordsAfter, replaceSealed, type SealedRecord, type WalkedRecord } from '../storage/records.ts';
import {
  advanceRekey,
  beginRekey,
  findNewestRekey,
  findRekey,
  type RekeyProgress,
} from '../storage/rekeys.ts';
import type { Vault } from '../vault.ts';
import { ownIdentity } from './own-identity.ts';

/** Small enough that a writer of the same record hardly waits for it. */
const BATCH = 250;

export interface RekeyOptions {
  generation: number;
  /** See {@link isSettled}. */
  settleMs?: number | undefined;
}

/**
 * Moves the next records of a rekey to keys of its generation. Every replica calls it, any number of times: what one
 * has committed the others go on from, and two that take the same records up are told apart at the commit.
 *
 * @returns the number of records looked at; 0 when there is nothing to do for now
 * @throws when one of them was not what was sealed for its place; it is reported, and all others are moved
 */
export async function moveRecords(vault: Vault, options: RekeyOptions): Promise<number> {
  const { generation } = options;
  const progress = await startedRekey(vault, generation);
  if (progress === undefined) return 0;
  if (progress.finishedAt) {
    await beginAgainIfNeeded(vault, progress, options);
    return 0;
  }
  const after = { token: progress.afterToken, version: progress.afterVersion };
  const records = await recordsAfter(vault.database, after, { generation, limit: BATCH });
  const last = records.at(-1);
  if (last === undefined) {
    if (await makeNewKeys(vault, generation)) await endWalk(vault, progress, options);
    return 0;
  }
  const { moved, unreadable } = await sealAnew(vault, records);
  await vault.commit(async ({ transaction }) => {
    const old = moved.length + unreadable.length;
    const leftBehind = unreadable.length;
    const next = afterBatch(progress, { seen: records.length, old, leftBehind, last });
    if (!(await advanceRekey(transaction, progress, next))) return;
    if (moved.length > 0) await replaceSealed(transaction, moved);
  });
  const by = ownIdentity(vault.vaultId);
  for (const error of unreadable) await vault.integrity.report(error, by, 'rekey');
  // The walk is past them by now: one bad record must not keep all others under the old keys.
  const [bad] = unreadable;
  if (bad) {
    const { token, recordVersion } = bad.altered;
    throw new Error(`record ${token}/${recordVersion} cannot be opened, and stays under its old key`);
  }
  return records.length;
}

/**
 * Undefined where the database has seen a higher generation: keys of that one would count as new ones, and a rekey that
 * moved nothing would be said to have finished.
 */
async function startedRekey(vault: Vault, generation: number): Promise<RekeyProgress | undefined> {
  const known = await findRekey(vault.database, generation);
  if (known) return known;
  if (((await findNewestRekey(vault.database))?.generation ?? 0) > generation) return undefined;
  await vault.commit(async ({ transaction, audit }) => {
    const now = vault.now();
    if (!(await beginRekey(transaction, generation, now))) return;
    audit(auditEntry('rekey.started', ownIdentity(vault.vaultId), '', now, { generation }));
  });
  const begun = await findRekey(vault.database, generation);
  if (!begun) throw new Error(`rekey ${generation} was begun and is not there`);
  return begun;
}

/** A replica that does not know of the rekey, of a roll-out that got stuck, has made an old key since. */
async function beginAgainIfNeeded(
  vault: Vault,
  progress: RekeyProgress,
  { generation, settleMs }: RekeyOptions,
): Promise<void> {
  const givenUpAt = await oldKeysGivenUpAt(vault.database, generation);
  if (isSettled(progress, givenUpAt, settleMs)) return;
  await vault.commit(async ({ transaction }) => {
    await advanceRekey(transaction, progress, fromTheStart(progress, vault.now()));
  });
}

/** A new key for every merchant whose newest is an old one: then no replica takes the old one for the newest. */
async function makeNewKeys(vault: Vault, generation: number): Promise<boolean> {
  const merchants = await merchantsWithOldKeyNewest(vault.database, generation, BATCH);
  for (const merchant of merchants) await vault.keys.forWriting(merchant);
  return merchants.length === 0;
}

async function endWalk(
  vault: Vault,
  progress: RekeyProgress,
  { generation, settleMs }: RekeyOptions,
): Promise<void> {
  const now = vault.now();
  const settled = isSettled(progress, await oldKeysGivenUpAt(vault.database, generation), settleMs);
  const next = afterWalk(progress, settled, now);
  await vault.commit(async ({ transaction, audit }) => {
    if (!(await advanceRekey(transaction, progress, next))) return;
    if (!next.finishedAt) return;
    const detail = { generation, records: next.total, leftBehind: next.leftBehind };
    audit(auditEntry('rekey.records_moved', ownIdentity(vault.vaultId), '', now, detail));
  });
}

/** The same cards under their merchants' newest keys. */
async function sealAnew(
  vault: Vault,
  records: readonly WalkedRecord[],
): Promise<{ moved: { from: SealedRecord; to: SealedRecord }[]; unreadable: IntegrityError[] }> {
  const newest = new Map<string, DataKey>();
  const moved: { from: SealedRecord; to: SealedRecord }[] = [];
  const unreadable: IntegrityError[] = [];
  for (const record of records) {
    if (!record.isOld) continue;
    const { merchant, token, version: recordVersion } = record;
    const to = newest.get(merchant) ?? (await vault.keys.forWriting(merchant)).record;
    newest.set(merchant, to);
    const place = { merchant, token, recordVersion };
    try {
      const from = await vault.keys.forReading(merchant, record.keyVersion, place);
      const card = openCard(from, vault.vaultId, place, record);
      moved.push({ from: record, to: sealCard(to, vault.vaultId, place, card) });
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      unreadable.push(error);
    }
  }
  return { moved, unreadable };
}
