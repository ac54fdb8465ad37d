import { createHash, randomBytes } from 'node:crypto';
import type { CreateRevealGrant, RevealGrant } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import type { z } from 'zod';
import { auditEntry } from './audit-entry.ts';
import { putGrant } from './storage/reveal-grants.ts';
import { findToken } from './storage/tokens.ts';
import type { Requester, Vault } from './vault.ts';

const DEFAULT_TTL_SECONDS = 60;

/**
 * Lets one workload see one card once, for one attempt. An attempt has one grant: asked for again, the new one
 * replaces the old; after it was redeemed there is no other.
 *
 * @throws {ProblemError} token_not_found, grant_invalid, database_unavailable
 */
export async function createRevealGrant(
  vault: Vault,
  by: Requester,
  request: z.infer<typeof CreateRevealGrant>,
): Promise<z.infer<typeof RevealGrant>> {
  const grant = `grant_${randomBytes(32).toString('base64url')}`;
  const { token, paymentId, attemptId, connector, subject, purpose } = request;
  return vault.commit(async ({ transaction, audit }) => {
    if (!(await findToken(transaction, by.merchant, token))) throw new ProblemError('token_not_found');
    const createdAt = vault.now();
    const expiresAt = new Date(createdAt.getTime() + (request.ttlSeconds ?? DEFAULT_TTL_SECONDS) * 1000);
    const scope = { paymentId, attemptId, connector, subject, purpose };
    const grantHash = hashGrant(grant);
    const { merchant } = by;
    if (!(await putGrant(transaction, { ...scope, merchant, token, grantHash, createdAt, expiresAt }))) {
      throw new ProblemError('grant_invalid', { detail: 'The grant of this attempt has been redeemed.' });
    }
    audit(
      auditEntry('grant.created', by, token, createdAt, {
        ...scope,
        grantee: subject,
        expiresAt: expiresAt.toISOString(),
      }),
    );
    return { grant, expiresAt: expiresAt.toISOString() };
  });
}

/** 256 random bits need no key or salt: nobody can try them all. */
export function hashGrant(grant: string): Buffer {
  return createHash('sha256').update(grant).digest();
}
