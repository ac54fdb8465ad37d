import type { Customer, UpdateCustomer } from '@cofferdam/contracts';
import { ProblemError, type Transaction } from '@cofferdam/runtime';
import { nextDefault } from '../domain/default-credential.ts';
import { preconditionOf } from '../precondition.ts';
import { findCredentials } from '../storage/credentials.ts';
import { lockCustomer, type StoredCustomer } from '../storage/customers.ts';
import type { Requester, Vault } from '../vault.ts';
import { toCustomer } from './answers.ts';
import { changeCustomer } from './change-customer.ts';
import { knownCustomer } from './read-customers.ts';
import { type KeyedWrite, writeOnce } from './write-once.ts';

export interface CustomerUpdate {
  by: Requester;
  customer: string;
  idempotencyKey: string;
  /** The header If-Match, if there is one. */
  ifMatch: string | undefined;
  body: UpdateCustomer;
}

/**
 * Changes the reference or the default credential. What is the same already makes no version.
 *
 * @throws {ProblemError} customer_not_found, credential_not_found, customer_reference_taken, version_mismatch,
 *   invalid_request, and those of {@link writeOnce}
 */
export async function updateCustomer(vault: Vault, update: CustomerUpdate): Promise<Customer> {
  const { by, customer, idempotencyKey, ifMatch, body } = update;
  const checkVersion = preconditionOf(ifMatch, 'customer');
  // Before any key is made for a merchant that has no such customer.
  await knownCustomer(vault.database, by.merchant, customer);
  const request = ['update customer', customer, ifMatch ?? '', body] as const;
  const write: KeyedWrite = { by, idempotencyKey, request, gone: 'customer_not_found' };
  const { answer } = await writeOnce(vault, write, async (unit) => {
    const stored = await lockCustomer(unit.transaction, by.merchant, customer);
    if (!stored) throw new ProblemError('customer_not_found');
    checkVersion(stored.version);
    const time = vault.now();
    const to = await changesOf(unit.transaction, stored, { body, time });
    const after =
      Object.keys(to).length === 0 ? stored : await changeCustomer(unit, stored, { by, time, to });
    return { status: 200, answer: toCustomer(after), of: customer };
  });
  return answer;
}

async function changesOf(
  transaction: Transaction,
  stored: StoredCustomer,
  { body, time }: { body: UpdateCustomer; time: Date },
) {
  const { reference, defaultCredential: token } = body;
  if (typeof token === 'string') {
    const { merchant, customer } = stored;
    const [credential] = await findCredentials(transaction, merchant, { customer, token });
    if (!credential)
      throw new ProblemError('credential_not_found', { detail: 'It is not on file for this customer.' });
  }
  const choice =
    token === undefined ? undefined : nextDefault(stored.default, { kind: 'requested', token }, time);
  return {
    ...(reference === undefined || reference === stored.reference ? {} : { reference }),
    ...(choice === undefined ? {} : { default: choice }),
  };
}
