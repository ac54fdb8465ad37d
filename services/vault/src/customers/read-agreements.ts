import type { Agreement, AgreementPage, ListAgreements } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { DEFAULT_LIMIT, pageOf, startOf } from '../list-page.ts';
import { agreementsAfter, findAgreement } from '../storage/agreements.ts';
import type { Vault } from '../vault.ts';
import { toAgreement } from './answers.ts';

/** @throws {ProblemError} agreement_not_found, database_unavailable */
export async function readAgreement(vault: Vault, merchant: string, agreement: string): Promise<Agreement> {
  const stored = await findAgreement(vault.database, merchant, agreement);
  if (!stored) throw new ProblemError('agreement_not_found');
  return toAgreement(stored);
}

/** @throws {ProblemError} invalid_request, database_unavailable */
export async function listAgreements(
  vault: Vault,
  merchant: string,
  { customer, token, state = 'active', after, limit = DEFAULT_LIMIT }: ListAgreements,
): Promise<AgreementPage> {
  const page = { after: startOf(after), limit: limit + 1 };
  const rows = await agreementsAfter(vault.database, merchant, { state, customer, token }, page);
  const { shown, ...next } = pageOf(rows, limit, ({ agreement }) => agreement);
  return { agreements: shown.map(toAgreement), ...next };
}
