import type { Inquiries } from '@cofferdam/contracts';
import { requestInquiries } from '../storage/card-inquiries.ts';
import type { Vault } from '../vault.ts';

/**
 * Notes cards of a merchant, such as declined ones, to be asked about with the next batch.
 *
 * @throws {ProblemError} database_unavailable
 */
export async function requestCardInquiries(
  vault: Vault,
  merchant: string,
  tokens: readonly string[],
): Promise<Inquiries> {
  const wanted = [...new Set(tokens)];
  const { known, accepted } = await vault.commit(({ transaction }) =>
    requestInquiries(transaction, merchant, { tokens: wanted, now: vault.now() }),
  );
  return { accepted, recent: known - accepted, unknown: wanted.length - known };
}
