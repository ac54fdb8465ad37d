import { type CredentialUpdateCode, type UpdaterAnswer, UpdaterResult } from '@cofferdam/contracts';
import { type Counter, ProblemError, validate } from '@cofferdam/runtime';
import { isToBeGivenUp, pauseAfter } from '../../domain/updater-schedule.ts';
import { IntegrityError } from '../../integrity-error.ts';
import { ownIdentity } from '../../rekey/own-identity.ts';
import { type AskedCard, findAsked, markAnswered, releaseInquiries } from '../../storage/card-inquiries.ts';
import { moveBatch, takeBatch, type UpdaterBatchRow } from '../../storage/updater-batches.ts';
import type { Vault } from '../../vault.ts';
import { applyCredentialUpdate } from '../apply-credential-update.ts';
import { finalProblem, onceByRow, rememberProblem } from '../once-by-row.ts';
import { reportedOf } from '../reported.ts';
import { severalAtATime } from '../several-at-a-time.ts';
import type { AccountUpdater } from './account-updater.ts';
import { finishBatch } from './finish-batch.ts';
import type { UpdaterSettings } from './form-batches.ts';

/**
 * Asks for the answer to a batch that was sent, and applies what there is of it: each row once, whatever comes twice, in
 * parts, or to two replicas.
 *
 * @returns whether there was a batch to ask for
 */
export async function collectAnswer(
  vault: Vault,
  updater: AccountUpdater,
  { intervalMs, updates }: UpdaterSettings & { updates: Counter },
): Promise<boolean> {
  const now = vault.now();
  const taken = await takeBatch(vault.database, 'sent', { now, until: new Date(now.getTime() + intervalMs) });
  if (!taken) return false;
  const { batch, attempts } = taken;
  if (isToBeGivenUp(taken, now)) {
    await giveUp(vault, taken);
    return true;
  }
  const later = {
    state: 'sent',
    nextAt: new Date(now.getTime() + pauseAfter(attempts, intervalMs)),
  } as const;
  await moveBatch(vault.database, batch, later);
  const answer = await updater.answerOf(batch);
  if (answer === undefined) {
    // It has forgotten the batch: it is sent again.
    await moveBatch(vault.database, batch, { state: 'new', nextAt: later.nextAt });
    return true;
  }
  const applied = await applyAnswer(vault, answer, updates);
  if (answer.state === 'complete') await finishBatch(vault, batch, updates);
  // An answer that goes on is looked for again soon.
  else if (applied > 0) {
    const nextAt = new Date(now.getTime() + intervalMs);
    await moveBatch(vault.database, batch, { state: 'sent', nextAt, attempts: 0 });
  }
  return true;
}

/**
 * @returns how many rows it had something new for
 * @throws {ProblemError} key_unavailable, when everything else is applied: a merchant's own KMS key may be withheld, and
 *   the others' cards do not wait for that
 */
async function applyAnswer(
  vault: Vault,
  { batch, results }: UpdaterAnswer,
  updates: Counter,
): Promise<number> {
  const asked = new Map((await findAsked(vault.database, batch)).map((card) => [card.row, card]));
  const rows = new Map<number, unknown>();
  for (const result of results) {
    const { row } = (result ?? {}) as { row?: unknown };
    // The first that is said of a row counts.
    if (typeof row === 'number' && asked.has(row) && !rows.has(row)) rows.set(row, result);
  }
  const withoutKey: ProblemError[] = [];
  await severalAtATime([...rows], async ([row, result]) => {
    const card = asked.get(row);
    if (!card) return;
    try {
      await applyRow(vault, { batch, card, result }, updates);
    } catch (error) {
      if (!(error instanceof ProblemError && error.code === 'key_unavailable')) throw error;
      withoutKey.push(error);
    }
  });
  if (withoutKey[0]) throw withoutKey[0];
  return rows.size;
}

async function applyRow(
  vault: Vault,
  { batch, card, result }: { batch: string; card: AskedCard; result: unknown },
  updates: Counter,
): Promise<void> {
  const { merchant, token, row, cardId, expiryMonth, expiryYear } = card;
  const by = { ...ownIdentity(vault.vaultId), merchant };
  const place = { merchant, source: batch, row };
  let code: CredentialUpdateCode | '' = '';
  let outcome: string;
  try {
    const said = validate(UpdaterResult, result);
    code = said.code;
    const about = { cardId, expiryMonth, expiryYear };
    const reported = { ...reportedOf({ ...said, token }, vault.now()), about };
    const arrived = { by, token, way: 'pull', reported, origin: { batch, row } } as const;
    outcome = (await applyCredentialUpdate(vault, arrived, onceByRow(vault, place, token))).outcome;
  } catch (error) {
    const problem = finalProblem(error);
    if (error instanceof IntegrityError) await vault.integrity.report(error, by, 'request');
    await rememberProblem(vault, place, { by, way: 'pull', origin: { batch, row }, token, code, problem });
    outcome = problem;
  }
  updates.add(1, { way: 'pull', code, outcome });
  await markAnswered(vault.database, { batch, tokens: [token] }, vault.now());
}

async function giveUp(vault: Vault, { batch }: UpdaterBatchRow): Promise<void> {
  await vault.commit(async ({ transaction }) => {
    await moveBatch(transaction, batch, { state: 'abandoned', nextAt: vault.now() });
    await releaseInquiries(transaction, batch);
  });
}
