import { type Credential, MAX_CREDENTIALS, type PutOnFile } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import type { UnitOfWork } from '../commit.ts';
import { nextDefault } from '../domain/default-credential.ts';
import { findCredentials, findCustomerOf, insertCredential } from '../storage/credentials.ts';
import { lockCustomer, type StoredCustomer } from '../storage/customers.ts';
import { findToken, lockToken } from '../storage/tokens.ts';
import type { Requester, Vault } from '../vault.ts';
import { toCredential } from './answers.ts';
import { changeCustomer } from './change-customer.ts';
import { knownCustomer } from './read-customers.ts';
import { type KeyedWrite, writeOnce } from './write-once.ts';

export interface PuttingOnFile {
  by: Requester;
  customer: string;
  idempotencyKey: string;
  body: PutOnFile;
}

/**
 * Puts a token on file for a customer.
 *
 * @throws {ProblemError} customer_not_found, token_not_found, token_on_file, credential_limit_reached, and those of
 *   {@link writeOnce}
 */
export async function putOnFile(
  vault: Vault,
  { by, customer, idempotencyKey, body }: PuttingOnFile,
): Promise<{ status: number; answer: Credential }> {
  const { merchant } = by;
  const { token, makeDefault } = body;
  // Before any key is made for a merchant that has neither.
  await knownCustomer(vault.database, merchant, customer);
  if (!(await findToken(vault.database, merchant, token))) throw new ProblemError('token_not_found');

  const write: KeyedWrite = {
    by,
    idempotencyKey,
    request: ['put on file', customer, body],
    gone: 'token_not_found',
  };
  return writeOnce(vault, write, async (unit) => {
    const { transaction } = unit;
    // The token before the customer, as whoever deletes the token does: other orders would deadlock.
    if (!(await lockToken(transaction, merchant, token))) throw new ProblemError('token_not_found');
    const stored = await lockCustomer(transaction, merchant, customer);
    if (!stored) throw new ProblemError('customer_not_found');
    const time = vault.now();
    const isNew = await add(unit, stored, { by, token, time });
    const current = { token: stored.isDefaultLive ? stored.default.token : null };
    const wanted = isNew ? makeDefault : (makeDefault ?? false);
    const choice = nextDefault(current, { kind: 'added', token, makeDefault: wanted }, time);
    if (choice) await changeCustomer(unit, stored, { by, time, to: { default: choice } });

    const [credential] = await findCredentials(transaction, merchant, { customer, token });
    if (!credential) throw new Error(`${token} was put on file and is not`);
    return { status: isNew ? 201 : 200, answer: toCredential(credential), of: token };
  });
}

/** @returns false when it was there */
async function add(
  { transaction, audit, publish }: UnitOfWork,
  { merchant, customer }: StoredCustomer,
  { by, token, time }: { by: Requester; token: string; time: Date },
): Promise<boolean> {
  const owner = await findCustomerOf(transaction, token);
  if (owner === customer) return false;
  if (owner !== undefined) {
    throw new ProblemError('token_on_file', {
      detail: `The token is on file for ${owner}; a token is on file for one customer at most.`,
    });
  }
  const others = await findCredentials(transaction, merchant, { customer });
  if (others.length >= MAX_CREDENTIALS) {
    throw new ProblemError('credential_limit_reached', {
      detail: `The customer has ${others.length} credentials on file, and may have ${MAX_CREDENTIALS}; take one off first.`,
    });
  }
  await insertCredential(transaction, { token, merchant, customer, addedAt: time });
  audit(auditEntry('credential.added', by, token, time, { customer }));
  publish({ type: 'credential.added', merchant, subject: customer, time, data: { token } });
  return true;
}
