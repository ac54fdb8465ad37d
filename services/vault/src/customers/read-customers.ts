import type { Customer, CustomerPage, ListCustomers } from '@cofferdam/contracts';
import { ProblemError, type Queryable } from '@cofferdam/runtime';
import { DEFAULT_LIMIT, pageOf, startOf } from '../list-page.ts';
import { customersAfter, findCustomer, type StoredCustomer } from '../storage/customers.ts';
import type { Vault } from '../vault.ts';
import { toCustomer } from './answers.ts';

/** @throws {ProblemError} customer_not_found, database_unavailable */
export async function readCustomer(vault: Vault, merchant: string, customer: string): Promise<Customer> {
  return toCustomer(await knownCustomer(vault.database, merchant, customer));
}

/** Another merchant's is as unknown as one that never was. @throws {ProblemError} customer_not_found */
export async function knownCustomer(
  database: Queryable,
  merchant: string,
  customer: string,
): Promise<StoredCustomer> {
  const stored = await findCustomer(database, merchant, customer);
  if (!stored) throw new ProblemError('customer_not_found');
  return stored;
}

/** @throws {ProblemError} invalid_request, database_unavailable */
export async function listCustomers(
  vault: Vault,
  merchant: string,
  { reference, after, limit = DEFAULT_LIMIT }: ListCustomers,
): Promise<CustomerPage> {
  const page = { reference, after: startOf(after), limit: limit + 1 };
  const rows = await customersAfter(vault.database, merchant, page);
  const { shown, ...next } = pageOf(rows, limit, ({ customer }) => customer);
  return { customers: shown.map(toCustomer), ...next };
}
