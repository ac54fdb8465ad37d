import type { OnFileReason } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { settleByKey, type UnitOfWork } from '../commit.ts';
import { nextDefault } from '../domain/default-credential.ts';
import { endAgreementsOf } from '../storage/agreements.ts';
import { deleteCredentials, findCustomerOf } from '../storage/credentials.ts';
import { lockCustomer, lockCustomersOf } from '../storage/customers.ts';
import type { Requester, Vault } from '../vault.ts';
import { changeCustomer } from './change-customer.ts';
import { knownCustomer } from './read-customers.ts';

/**
 * Takes a credential off file; the token stays. One that is not there is off file already.
 *
 * @throws {ProblemError} customer_not_found, database_unavailable
 */
export async function takeOffFile(
  vault: Vault,
  by: Requester,
  { customer, token }: { customer: string; token: string },
): Promise<void> {
  await knownCustomer(vault.database, by.merchant, customer);
  await settleByKey(() =>
    vault.commit(async (unit) => {
      const stored = await lockCustomer(unit.transaction, by.merchant, customer);
      if (!stored) throw new ProblemError('customer_not_found');
      if ((await findCustomerOf(unit.transaction, token)) !== customer) return;
      const now = vault.now();
      await removeCredentials(unit, [token], { reason: 'credential_removed', now, byFor: () => by });
    }),
  );
}

export interface Removal {
  reason: OnFileReason;
  now: Date;
  /** On whose behalf, for a customer of that merchant. */
  byFor: (merchant: string) => Requester;
}

/**
 * Takes the tokens off file, for whomever they are: their agreements end, a default among them is none any more, and all
 * of it is told. Tokens that are on file for nobody cost a query.
 *
 * @param tokens locked, if they are to be erased; customers are locked after tokens
 */
export async function removeCredentials(
  unit: UnitOfWork,
  tokens: readonly string[],
  { reason, now, byFor }: Removal,
): Promise<void> {
  const { transaction, audit, publish } = unit;
  const customers = await lockCustomersOf(transaction, tokens);
  if (customers.length === 0) return;
  for (const { agreement, merchant, customer, token } of await endAgreementsOf(transaction, tokens, {
    now,
    reason,
  })) {
    audit(auditEntry('agreement.ended', byFor(merchant), token, now, { agreement, customer, reason }));
    const data = { agreement, token, reason };
    publish({ type: 'agreement.ended', merchant, subject: customer, time: now, data });
  }
  for (const stored of customers) {
    const choice = nextDefault(stored.default, { kind: 'removed', tokens, reason }, now);
    if (!choice) continue;
    const by = byFor(stored.merchant);
    await changeCustomer(unit, stored, { by, time: now, to: { default: choice } });
  }
  for (const { token, merchant, customer } of await deleteCredentials(transaction, tokens)) {
    audit(auditEntry('credential.removed', byFor(merchant), token, now, { customer, reason }));
    const data = { token, reason };
    publish({ type: 'credential.removed', merchant, subject: customer, time: now, data });
  }
}
