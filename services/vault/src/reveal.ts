import type { Reveal, RevealedCard } from '@cofferdam/contracts';
import { type Identity, type Merchants, ProblemError } from '@cofferdam/runtime';
import type { z } from 'zod';
import { auditEntry } from './audit-entry.ts';
import { hashGrant } from './create-reveal-grant.ts';
import { openCard } from './crypto/sealed-card.ts';
import { type Grant, refusalOf } from './domain/grant-checks.ts';
import { findRecord } from './storage/records.ts';
import { findGrant, markRedeemed } from './storage/reveal-grants.ts';
import { findToken } from './storage/tokens.ts';
import type { Vault } from './vault.ts';

export interface RevealRequest {
  identity: Identity;
  /** Those for which the caller may reveal. */
  merchants: Merchants;
  requestId: string;
  body: z.infer<typeof Reveal>;
}

const MAX_TOKEN_LIFETIME_SECONDS = 600;

/**
 * Redeems a grant: the one way by which a card number leaves the vault. The grant is used up and the reveal audited in
 * a commit of their own, and only then is the card decrypted. The key is made ready before: a grant is not spent when
 * the card could not be opened anyway. Whatever is refused is audited with its reason, of which the caller is told
 * little.
 *
 * @throws {ProblemError} forbidden, grant_invalid, token_not_found, key_unavailable, database_unavailable
 */
export async function reveal(vault: Vault, request: RevealRequest): Promise<z.infer<typeof RevealedCard>> {
  const grantHash = hashGrant(request.body.grant);
  const grant = await findGrant(vault.database, grantHash);
  if (!isShortLivedWorkload(request.identity)) {
    await auditRefusal(vault, request, grant, 'not_a_short_lived_workload');
    throw new ProblemError('forbidden', {
      detail: 'A reveal needs a service-account token that is bound to a pod and lives ten minutes at most.',
    });
  }
  const refusal = refusalOf(grant, {
    ...request.body,
    subject: request.identity.subject,
    mayActFor: (merchant) => request.merchants === '*' || request.merchants.includes(merchant),
    now: vault.now(),
  });
  if (!grant || refusal) return refuse(vault, request, grant, refusal ?? 'unknown_grant');

  const stored = await findToken(vault.database, grant.merchant, grant.token);
  const record = stored && (await findRecord(vault.database, stored.token, stored.recordVersion));
  if (!record) {
    await auditRefusal(vault, request, grant, 'token_deleted');
    throw new ProblemError('token_not_found');
  }
  const key = await vault.keys.forReading(grant.merchant, record.keyVersion);

  const redeemed = await vault.commit(async ({ transaction, audit, publish }) => {
    const time = vault.now();
    if (!(await markRedeemed(transaction, grantHash, time))) return false;
    const by = { identity: request.identity, merchant: grant.merchant, requestId: request.requestId };
    const { paymentId, attemptId, connector, purpose } = grant;
    const use = { paymentId, attemptId, connector, purpose };
    audit(
      auditEntry('token.revealed', by, grant.token, time, {
        ...use,
        recordVersion: record.version,
        keyVersion: key.version,
      }),
    );
    publish({
      type: 'token.revealed',
      merchant: grant.merchant,
      subject: grant.token,
      time,
      data: { ...use, to: request.identity.subject },
    });
    return true;
  });
  if (!redeemed) return refuse(vault, request, grant, 'redeemed_before');
  return { token: grant.token, card: openCard(key, vault.vaultId, stored, record) };
}

/** A stolen token is worth little if it dies with its pod, and in minutes. */
function isShortLivedWorkload({ pod, lifetimeSeconds }: Identity): boolean {
  return pod !== undefined && lifetimeSeconds !== undefined && lifetimeSeconds <= MAX_TOKEN_LIFETIME_SECONDS;
}

async function refuse(
  vault: Vault,
  request: RevealRequest,
  grant: Grant | undefined,
  reason: string,
): Promise<never> {
  await auditRefusal(vault, request, grant, reason);
  throw new ProblemError('grant_invalid', {
    detail: 'The grant is not known, has been used, has expired, or is for another workload or attempt.',
  });
}

async function auditRefusal(
  vault: Vault,
  { identity, requestId, body }: RevealRequest,
  grant: Grant | undefined,
  reason: string,
): Promise<void> {
  const by = { identity, merchant: grant?.merchant ?? '', requestId };
  const { attemptId, connector } = body;
  await vault.commit(async ({ audit }) => {
    audit(
      auditEntry('reveal.refused', by, grant?.token ?? '', vault.now(), { reason, attemptId, connector }),
    );
  });
}
