import type { Agreement, ProblemCode, UpdateAgreement } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import type { UnitOfWork } from '../commit.ts';
import { type AgreementChange, changeAgreement } from '../domain/agreement-change.ts';
import { preconditionOf } from '../precondition.ts';
import { findAgreement, type StoredAgreement, updateAgreementState } from '../storage/agreements.ts';
import { lockCustomer } from '../storage/customers.ts';
import { findToken } from '../storage/tokens.ts';
import type { Requester, Vault } from '../vault.ts';
import { toAgreement } from './answers.ts';
import { checkNetworkTransactionId } from './network-transaction-id.ts';
import { type KeyedWrite, writeOnce } from './write-once.ts';

export interface AgreementUpdate {
  by: Requester;
  agreement: string;
  idempotencyKey: string;
  /** The header If-Match, if there is one. */
  ifMatch: string | undefined;
  body: UpdateAgreement;
}

/**
 * Sets the network transaction id, or ends the agreement. What is the same already makes no version.
 *
 * @throws {ProblemError} agreement_not_found, agreement_ended, network_transaction_id_set, version_mismatch,
 *   invalid_request, and those of {@link writeOnce}
 */
export async function updateAgreement(
  vault: Vault,
  { by, agreement, idempotencyKey, ifMatch, body }: AgreementUpdate,
): Promise<Agreement> {
  const checkVersion = preconditionOf(ifMatch, 'agreement');
  // Before any key is made for a merchant that has no such agreement.
  const seen = await findAgreement(vault.database, by.merchant, agreement);
  if (!seen) throw new ProblemError('agreement_not_found');
  const write: KeyedWrite = {
    ...{ by, idempotencyKey, request: ['update agreement', agreement, ifMatch ?? '', body] },
    gone: 'agreement_not_found',
  };
  const { answer } = await writeOnce(vault, write, async (unit) => {
    const { transaction } = unit;
    // Whatever is on file for a customer changes under the customer's lock.
    await lockCustomer(transaction, by.merchant, seen.customer);
    const stored = await findAgreement(transaction, by.merchant, agreement);
    if (!stored) throw new ProblemError('agreement_not_found');
    checkVersion(stored.version);
    const card = await findToken(transaction, by.merchant, stored.token);
    if (card) checkNetworkTransactionId(card, body.networkTransactionId);
    const now = vault.now();
    const change = changeAgreement(stored, body, { brand: card?.brand ?? 'unknown', now });
    const after = await apply(unit, stored, { by, change, now });
    return { status: 200, answer: toAgreement(after), of: stored.customer };
  });
  return answer;
}

async function apply(
  { transaction, audit, publish }: UnitOfWork,
  stored: StoredAgreement,
  { by, change, now }: { by: Requester; change: AgreementChange; now: Date },
): Promise<StoredAgreement> {
  if ('refused' in change) throw new ProblemError(change.refused, { detail: REFUSALS[change.refused] });
  const { changed, state } = change;
  if (changed.length === 0) return stored;
  const after = { ...stored, ...state, version: stored.version + 1, updatedAt: now };
  await updateAgreementState(transaction, after);
  const { agreement, customer, token, merchant, version } = after;
  const common = { merchant, subject: customer, time: now };
  if (changed.includes('networkTransactionId')) {
    const set = { changed: ['networkTransactionId'], version };
    audit(auditEntry('agreement.updated', by, token, now, { agreement, customer, ...set }));
    publish({ type: 'agreement.updated', ...common, data: { agreement, token, ...set } });
  }
  if (changed.includes('state')) {
    const reason = state.endReason;
    audit(auditEntry('agreement.ended', by, token, now, { agreement, customer, reason }));
    publish({ type: 'agreement.ended', ...common, data: { agreement, token, reason } });
  }
  return after;
}

const REFUSALS = {
  agreement_ended: 'The agreement has ended; make another one.',
  network_transaction_id_set:
    'The agreement has a network transaction id, by which its payments refer to the one that was agreed on; make another agreement for another one.',
} as const satisfies Partial<Record<ProblemCode, string>>;
