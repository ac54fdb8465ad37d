import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { settleByKey, type UnitOfWork } from '../commit.ts';
import { deleteTokens } from '../delete-token.ts';
import { deleteAgreementsOf } from '../storage/agreements.ts';
import { lockCards } from '../storage/cards.ts';
import { tokensOnFile } from '../storage/credentials.ts';
import { emptyCustomer, findCustomer, findDeletion, lockCustomer } from '../storage/customers.ts';
import { emptyAnswersOf } from '../storage/idempotency-keys.ts';
import { lockUnerased } from '../storage/tokens.ts';
import type { Requester, Vault } from '../vault.ts';
import { removeCredentials } from './take-off-file.ts';

export interface CustomerDeletion {
  customer: string;
  /** What becomes of the tokens that were on file. */
  tokens: 'keep' | 'erase';
}

/**
 * Deletes a customer and all that is on file for it; its name stays. One that was deleted in the same way is left as it
 * is: the same is answered however often it is asked.
 *
 * @throws {ProblemError} customer_not_found, request_in_progress, database_unavailable
 */
export async function deleteCustomer(vault: Vault, by: Requester, deletion: CustomerDeletion): Promise<void> {
  const { customer, tokens } = deletion;
  if (!(await findCustomer(vault.database, by.merchant, customer))) {
    const done = await findDeletion(vault.database, by.merchant, customer);
    if (done?.tokens === tokens) return;
    throw new ProblemError('customer_not_found');
  }
  await settleByKey(() => vault.commit((unit) => carryOut(unit, by, { ...deletion, now: vault.now() })));
}

async function carryOut(
  unit: UnitOfWork,
  by: Requester,
  { customer, tokens, now }: CustomerDeletion & { now: Date },
): Promise<void> {
  const { transaction, audit, publish } = unit;
  const seen = await tokensOnFile(transaction, customer);
  const names = seen.map(({ token }) => token);
  // Cards, tokens, customer: everybody locks in this order.
  if (tokens === 'erase') {
    await lockCards(
      transaction,
      seen.flatMap(({ cardId }) => cardId ?? []),
    );
  }
  const erased = tokens === 'erase' ? await lockUnerased(transaction, names) : [];
  if (!(await lockCustomer(transaction, by.merchant, customer))) {
    // Of two at once one is first, and a lost answer is asked for again.
    if ((await findDeletion(transaction, by.merchant, customer))?.tokens === tokens) return;
    throw new ProblemError('customer_not_found');
  }
  const onFile = (await tokensOnFile(transaction, customer)).map(({ token }) => token);
  if (onFile.some((token) => !names.includes(token))) {
    throw new ProblemError('request_in_progress', {
      detail: 'A token was being put on file for the customer at the same time; try again.',
    });
  }
  await emptyCustomer(transaction, customer, { now, tokens });
  const agreements = await deleteAgreementsOf(transaction, customer);
  await removeCredentials(unit, onFile, { reason: 'customer_deleted', now, byFor: () => by });
  await deleteTokens(unit, by, { tokens: erased.filter(({ token }) => onFile.includes(token)), now });
  await emptyAnswersOf(transaction, [customer]);
  const detail = { tokens, credentials: onFile.length, agreements };
  audit(auditEntry('customer.deleted', by, '', now, { customer, ...detail }));
  const { merchant } = by;
  publish({ type: 'customer.deleted', merchant, subject: customer, time: now, data: detail });
}
