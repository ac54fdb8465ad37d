import { createHash, randomBytes } from 'node:crypto';
import type { CreateRevealGrant, RevealGrant } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import type { z } from 'zod';
import { auditEntry } from './audit-entry.ts';
import type { AuditEntry } from './domain/audit-chain.ts';
import { afterFailure } from './group-commit/after-failure.ts';
import type { GroupWork, Outcome } from './group-commit/gatherer.ts';
import type { Lane } from './group-commit/lane.ts';
import { findGrantable, type NewGrant, putGrants } from './storage/reveal-grants.ts';
import type { Requester, Vault } from './vault.ts';

const DEFAULT_TTL_SECONDS = 60;

type Request = z.infer<typeof CreateRevealGrant>;
type Answer = z.infer<typeof RevealGrant>;

/**
 * Lets one workload see one card once, for one attempt. An attempt has one grant: asked for again, the new one
 * replaces the old; after it was redeemed there is no other.
 *
 * @throws {ProblemError} token_not_found, grant_invalid, database_unavailable, overloaded
 */
export function createRevealGrant(vault: Vault, by: Requester, request: Request): Promise<Answer> {
  return vault.together(GRANTING, { vault, by, merchant: by.merchant, ...request });
}

type Granting = Request & { vault: Vault; by: Requester; merchant: string };

/** A batch of grants, of attempts that differ. */
const GRANTING: GroupWork<Granting, Answer, Lane> = {
  name: 'grant',
  keysOf: ({ merchant, attemptId }) => [`${merchant}/${attemptId}`],
  // A grant that was written and never handed out is replaced by the next one.
  afterFailure: (error, attempt) => afterFailure(error, attempt, { repeatable: true }),
  async run(requests, lane) {
    const found = await findGrantable(lane.database, requests);
    const seen = new Set<string>();
    const grants: NewGrant[] = [];
    const audit: AuditEntry[] = [];
    const outcomes = requests.map((request, i): Outcome<Answer> => {
      const { merchant, attemptId } = request;
      if (!found[i]?.tokenIsKnown) return { error: new ProblemError('token_not_found') };
      if (found[i].isRedeemed) {
        const detail = 'The grant of this attempt has been redeemed.';
        return { error: new ProblemError('grant_invalid', { detail }) };
      }
      if (seen.has(`${merchant}/${attemptId}`)) return { again: () => Promise.resolve() };
      seen.add(`${merchant}/${attemptId}`);
      const { grant, row, entry } = makeGrant(request);
      grants.push(row);
      audit.push(entry);
      return { value: { grant, expiresAt: row.expiresAt.toISOString() } };
    });
    await lane.commit((write) => putGrants(write, grants), { audit, events: [] });
    return outcomes;
  },
};

function makeGrant(request: Granting): { grant: string; row: NewGrant; entry: AuditEntry } {
  const { vault, by, merchant, token, paymentId, attemptId, connector, subject, purpose } = request;
  const grant = `grant_${randomBytes(32).toString('base64url')}`;
  const createdAt = vault.now();
  const expiresAt = new Date(createdAt.getTime() + (request.ttlSeconds ?? DEFAULT_TTL_SECONDS) * 1000);
  const scope = { paymentId, attemptId, connector, subject, purpose };
  return {
    grant,
    row: { ...scope, merchant, token, grantHash: hashGrant(grant), createdAt, expiresAt },
    entry: auditEntry('grant.created', by, token, createdAt, {
      ...scope,
      grantee: subject,
      expiresAt: expiresAt.toISOString(),
    }),
  };
}

/** 256 random bits need no key or salt: nobody can try them all. */
export function hashGrant(grant: string): Buffer {
  return createHash('sha256').update(grant).digest();
}
