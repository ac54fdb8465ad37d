import type { CreateCustomer, Customer } from '@cofferdam/contracts';
import { randomId } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { insertCustomer, type StoredCustomer } from '../storage/customers.ts';
import type { Requester, Vault } from '../vault.ts';
import { toCustomer } from './answers.ts';
import { referenceTaken } from './change-customer.ts';
import { type KeyedWrite, writeOnce } from './write-once.ts';

/** @throws {ProblemError} customer_reference_taken, and those of {@link writeOnce} */
export async function createCustomer(
  vault: Vault,
  { by, idempotencyKey, body }: { by: Requester; idempotencyKey: string; body: CreateCustomer },
): Promise<Customer> {
  const write: KeyedWrite = {
    by,
    idempotencyKey,
    request: ['create customer', body],
    gone: 'customer_not_found',
  };
  const { answer } = await writeOnce(vault, write, async ({ transaction, audit, publish }) => {
    const time = vault.now();
    const { merchant } = by;
    const customer = randomId('cus');
    const stored: StoredCustomer = {
      ...{ customer, merchant, version: 1, createdAt: time, updatedAt: time },
      reference: body.reference ?? null,
      default: { token: null, reason: null, from: null, at: null },
      isDefaultLive: false,
    };
    if (!(await insertCustomer(transaction, stored))) throw referenceTaken();
    audit(auditEntry('customer.created', by, '', time, { customer }));
    publish({ type: 'customer.created', merchant, subject: customer, time, data: {} });
    return { status: 201, answer: toCustomer(stored), of: customer };
  });
  return answer;
}
