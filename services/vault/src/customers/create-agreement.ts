import { type Agreement, type CreateAgreement, MAX_ACTIVE_AGREEMENTS } from '@cofferdam/contracts';
import { ProblemError, randomId, type Transaction } from '@cofferdam/runtime';
import { auditEntry } from '../audit-entry.ts';
import { countActiveAgreements, insertAgreement, type StoredAgreement } from '../storage/agreements.ts';
import { findCredentials, findCustomerOf, type StoredCredential } from '../storage/credentials.ts';
import { lockCustomer } from '../storage/customers.ts';
import { findToken } from '../storage/tokens.ts';
import type { Requester, Vault } from '../vault.ts';
import { toAgreement } from './answers.ts';
import { checkNetworkTransactionId } from './network-transaction-id.ts';
import { type KeyedWrite, writeOnce } from './write-once.ts';

export interface AgreementCreation {
  by: Requester;
  idempotencyKey: string;
  body: CreateAgreement;
}

/**
 * Keeps what a cardholder has agreed to, for a credential that is on file.
 *
 * @throws {ProblemError} credential_not_found, agreement_limit_reached, invalid_request when the network transaction id is
 *   the card's number, and those of {@link writeOnce}
 */
export async function createAgreement(
  vault: Vault,
  { by, idempotencyKey, body }: AgreementCreation,
): Promise<Agreement> {
  // Before any key is made for a merchant that has no such token.
  if (!(await findToken(vault.database, by.merchant, body.token))) throw notOnFile();
  const write: KeyedWrite = {
    ...{ by, idempotencyKey, request: ['create agreement', body] },
    gone: 'credential_not_found',
  };
  const { answer } = await writeOnce(vault, write, async ({ transaction, audit, publish }) => {
    const credential = await lockCredential(transaction, by.merchant, body.token);
    checkNetworkTransactionId(credential, body.networkTransactionId);
    const active = await countActiveAgreements(transaction, body.token);
    if (active >= MAX_ACTIVE_AGREEMENTS) {
      throw new ProblemError('agreement_limit_reached', {
        detail: `The credential has ${active} active agreements, and may have ${MAX_ACTIVE_AGREEMENTS}; end one first.`,
      });
    }
    const stored = newAgreement(credential, body, vault.now());
    await insertAgreement(transaction, stored);
    const { agreement, customer, token, type, initiator, createdAt: time } = stored;
    audit(auditEntry('agreement.created', by, token, time, { agreement, customer, type, initiator }));
    const data = { agreement, token, type, initiator };
    publish({ type: 'agreement.created', merchant: by.merchant, subject: customer, time, data });
    return { status: 201, answer: toAgreement(stored), of: customer };
  });
  return answer;
}

/** The credential, and its customer's lock: while it is held the credential stays on file. */
async function lockCredential(
  transaction: Transaction,
  merchant: string,
  token: string,
): Promise<StoredCredential> {
  const customer = await findCustomerOf(transaction, token);
  if (customer === undefined || !(await lockCustomer(transaction, merchant, customer))) throw notOnFile();
  const [credential] = await findCredentials(transaction, merchant, { customer, token });
  if (!credential) throw notOnFile();
  return credential;
}

function newAgreement(
  { merchant, customer, token, brand }: StoredCredential,
  body: CreateAgreement,
  time: Date,
): StoredAgreement {
  const { type, initiator, amount, currency, instalmentCount, networkTransactionId } = body;
  return {
    ...{ agreement: randomId('agr'), merchant, customer, token, type, initiator },
    amount: amount ?? null,
    currency: currency ?? null,
    instalmentCount: instalmentCount ?? null,
    networkTransactionId: networkTransactionId ?? null,
    network: networkTransactionId === undefined ? null : brand,
    ...{ endedAt: null, endReason: null, version: 1, createdAt: time, updatedAt: time },
  };
}

function notOnFile(): ProblemError {
  return new ProblemError('credential_not_found', {
    detail: 'The token is not on file: POST /v1/customers/{customer}/credentials first.',
  });
}
