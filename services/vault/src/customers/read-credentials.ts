import { type CredentialList, type CredentialRecord, SHOWN_VERSIONS } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { NEWEST_VERSION, toVersion } from '../list-versions.ts';
import { findCredentials } from '../storage/credentials.ts';
import { findVersions } from '../storage/token-versions.ts';
import type { Vault } from '../vault.ts';
import { toCredential } from './answers.ts';
import { knownCustomer } from './read-customers.ts';

/** @throws {ProblemError} customer_not_found, database_unavailable */
export async function listCredentials(
  { database }: Vault,
  merchant: string,
  customer: string,
): Promise<CredentialList> {
  await knownCustomer(database, merchant, customer);
  const found = await findCredentials(database, merchant, { customer });
  return { credentials: found.map(toCredential) };
}

/** A credential, and what its card was before. @throws {ProblemError} credential_not_found, database_unavailable */
export async function readCredential(
  { database }: Vault,
  merchant: string,
  of: { customer: string; token: string },
): Promise<CredentialRecord> {
  const [credential] = await findCredentials(database, merchant, of);
  if (!credential) throw new ProblemError('credential_not_found');
  const page = { before: NEWEST_VERSION, limit: SHOWN_VERSIONS };
  const versions = await findVersions(database, of.token, page);
  return { ...toCredential(credential), versions: versions.map(toVersion) };
}
