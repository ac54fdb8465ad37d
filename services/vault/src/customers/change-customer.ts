import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import type { UnitOfWork } from '../commit.ts';
import type { DefaultChoice } from '../domain/default-credential.ts';
import { type StoredCustomer, updateCustomer } from '../storage/customers.ts';
import type { Requester } from '../vault.ts';

/**
 * A new version of a customer, with audit entry and event: neither holds the reference, which outlives nothing.
 *
 * @param stored locked
 * @throws {ProblemError} customer_reference_taken
 */
export async function changeCustomer(
  { transaction, audit, publish }: UnitOfWork,
  stored: StoredCustomer,
  { by, time, to }: { by: Requester; time: Date; to: { reference?: string | null; default?: DefaultChoice } },
): Promise<StoredCustomer> {
  const after: StoredCustomer = {
    ...stored,
    ...to,
    isDefaultLive: to.default === undefined ? stored.isDefaultLive : to.default.token !== null,
    version: stored.version + 1,
    updatedAt: time,
  };
  if (!(await updateCustomer(transaction, after))) throw referenceTaken();
  const { customer } = stored;
  const changed = [
    ...(to.reference === undefined ? [] : ['reference']),
    ...(to.default === undefined ? [] : ['defaultCredential']),
  ];
  const detail = {
    ...{ changed, version: after.version },
    ...(to.default === undefined
      ? {}
      : { defaultCredential: to.default.token, from: to.default.from, reason: to.default.reason }),
  };
  audit(auditEntry('customer.updated', by, '', time, { customer, ...detail }));
  publish({ type: 'customer.updated', merchant: by.merchant, subject: customer, time, data: detail });
  return after;
}

export function referenceTaken(): ProblemError {
  return new ProblemError('customer_reference_taken', {
    detail: 'The merchant has a customer of this reference: look for it with GET /v1/customers?reference=.',
    errors: [{ field: 'reference', message: 'must be unique for the merchant' }],
  });
}
