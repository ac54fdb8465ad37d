import type { Reveal, RevealedCard } from '@cofferdam/contracts';
import { type Identity, type Merchants, type NewEvent, ProblemError } from '@cofferdam/runtime';
import type { z } from 'zod';
import { auditEntry } from './audit-entry.ts';
import { hashGrant } from './create-reveal-grant.ts';
import type { DataKey } from './crypto/data-key.ts';
import { openCard } from './crypto/sealed-card.ts';
import type { CvcRefusal, OpenedCvc } from './crypto/sealed-cvc.ts';
import { openCvcFor } from './cvc.ts';
import type { AuditEntry } from './domain/audit-chain.ts';
import { type Grant, refusalOf } from './domain/grant-checks.ts';
import { afterFailure } from './group-commit/after-failure.ts';
import type { GroupWork, Outcome } from './group-commit/gatherer.ts';
import type { Lane } from './group-commit/lane.ts';
import { findGrants, type RevealableGrant, redeemGrants } from './storage/reveal-grants.ts';
import { holdTokens } from './storage/tokens.ts';
import { findCvcUses, type UsedCvc, useCvcs } from './storage/used-cvcs.ts';
import type { Vault } from './vault.ts';

export interface RevealRequest {
  identity: Identity;
  /** Those for which the caller may reveal. */
  merchants: Merchants;
  requestId: string;
  body: z.infer<typeof Reveal>;
}

type Revealed = z.infer<typeof RevealedCard>;

const MAX_TOKEN_LIFETIME_SECONDS = 600;

/**
 * Redeems a grant: the one way by which a card number leaves the vault. The grant is used up and the reveal audited in
 * one commit, and only then is the card decrypted. The key is made ready before: a grant is not spent when the card
 * could not be opened anyway. Whatever is refused is audited with its reason, of which the caller is told little.
 *
 * @throws {ProblemError} forbidden, grant_invalid, token_not_found, cvc_unavailable, key_unavailable,
 *   database_unavailable, overloaded
 */
export function reveal(vault: Vault, request: RevealRequest): Promise<Revealed> {
  const grantHash = hashGrant(request.body.grant);
  return vault.together(REVEALING, { vault, request, grantHash, readingKeys: new Map() });
}

interface Revealing {
  vault: Vault;
  request: RevealRequest;
  grantHash: Buffer;
  /** By version: the one that opens the record, once it was fetched. */
  readingKeys: Map<number, DataKey>;
  /** What was in the sealed CVC that came with it, or why it cannot be used; once it was looked at. */
  cvc?: OpenedCvc | CvcRefusal;
  /** Why it was refused when that was counted last, and whether it was the first such. */
  counted?: { reason: string; isFirst: boolean };
}

/** Reveals what has gathered: one read of the grants, a decision on each, one commit, and then the cards. */
const REVEALING: GroupWork<Revealing, Revealed, Lane> = {
  name: 'reveal',
  keysOf: ({ grantHash }) => [grantHash.toString('base64')],
  // One that was committed cannot be told from one that somebody else has had.
  afterFailure: (error, attempt) => afterFailure(error, attempt, { repeatable: false }),
  async run(requests, lane) {
    const grants = await findGrants(
      lane.database,
      requests.map(({ grantHash }) => grantHash),
    );
    const cvcIds = requests.flatMap(({ cvc }) => (typeof cvc === 'object' ? [cvc.id] : []));
    const cvcUses = await findCvcUses(lane.database, cvcIds);
    const batch: Batch = {
      ...{ redeemed: new Map(), tokens: new Map(), cvcUses, cvcs: new Map() },
      ...{ audit: [], events: [] },
    };
    const decided = requests.map((request) =>
      decide(request, grants.get(request.grantHash.toString('base64')), batch),
    );
    const redeemed = [...batch.redeemed.values()];
    await lane.commit((write) => {
      redeemGrants(write, redeemed);
      // Whoever deletes one of them waits until this is committed, or has been faster and this fails.
      holdTokens(write, [...batch.tokens.values()]);
      useCvcs(write, [...batch.cvcs.values()]);
    }, batch);
    return decided.map((outcome) => ('open' in outcome ? opened(outcome.open) : outcome));
  },
};

interface Batch {
  redeemed: Map<string, { grantHash: Buffer; time: Date }>;
  /** What is revealed, in the version that was read. */
  tokens: Map<string, { token: string; recordVersion: number }>;
  /** Which payment has used a sealed CVC, by its id. */
  cvcUses: ReadonlyMap<string, string>;
  cvcs: Map<string, UsedCvc>;
  audit: AuditEntry[];
  events: NewEvent[];
}

type Decision = Exclude<Outcome<Revealed>, { value: Revealed }> | { open: () => Revealed };

function decide(revealing: Revealing, grant: RevealableGrant | undefined, batch: Batch): Decision {
  const { vault, request, grantHash, readingKeys } = revealing;
  const time = vault.now();
  const refuse = (reason: string): Decision => {
    const entry = refusalEntry(request, grant, reason, time);
    // Whoever guesses is counted, once however often his batch is tried; each grant that there is has its own refusals.
    if (revealing.counted?.reason !== reason) {
      const isFirst = vault.boundedAudit.take(entry, `${reason} ${grant?.attemptId ?? ''}`);
      revealing.counted = { reason, isFirst };
    }
    if (revealing.counted.isFirst) batch.audit.push(entry);
    return { error: refusalProblem(reason) };
  };
  const refused = refusalReason(request, grant, batch.redeemed.has(grantHash.toString('base64')), time);
  if (refused || !grant?.record) return refuse(refused ?? 'token_deleted');
  const { record } = grant;
  const key = readingKeys.get(record.keyVersion);
  // KMS may have to be asked: not while others wait for this batch.
  if (!key) return { again: () => fetchKey(revealing, grant, record) };
  const cvc = takeCvc(revealing, grant, batch);
  if (typeof cvc === 'string') return refuse(cvc);
  if (cvc && 'again' in cvc) return cvc;

  batch.redeemed.set(grantHash.toString('base64'), { grantHash, time });
  const { merchant, token, paymentId, attemptId, connector, purpose } = grant;
  const { identity, requestId } = request;
  const use = { paymentId, attemptId, connector, purpose };
  const versions = { recordVersion: record.version, keyVersion: key.version };
  const by = { identity, merchant, requestId };
  batch.audit.push(
    auditEntry('token.revealed', by, token, time, { ...use, ...versions, ...(cvc ? { withCvc: true } : {}) }),
  );
  batch.tokens.set(token, { token, recordVersion: record.version });
  const data = { ...use, to: identity.subject };
  batch.events.push({ type: 'token.revealed', merchant, subject: token, time, data });
  const place = { merchant, token, recordVersion: record.version };
  return {
    open: () => ({
      ...{ token, card: openCard(key, vault.vaultId, place, record) },
      ...(cvc ? { cvc: cvc.cvc } : {}),
    }),
  };
}

/**
 * The CVC that came with the request, marked as used by this payment: another one is refused, and a further attempt of
 * the same has it again, so that a PSP that did not take the payment is no reason to ask the cardholder once more.
 */
function takeCvc(
  revealing: Revealing,
  grant: RevealableGrant,
  batch: Batch,
): OpenedCvc | string | { again: () => Promise<unknown> } | undefined {
  const { request, cvc } = revealing;
  const { sealedCvc } = request.body;
  if (sealedCvc === undefined || typeof cvc === 'string') return cvc;
  // KMS may have to be asked for this, too.
  if (!cvc) return { again: () => lookIntoCvc(revealing, grant, sealedCvc) };
  const id = cvc.id.toString('hex');
  if (batch.cvcs.has(id)) return { again: () => Promise.resolve() };
  const { paymentId } = grant;
  if ((batch.cvcUses.get(id) ?? paymentId) !== paymentId) return 'cvc_used';
  batch.cvcs.set(id, { id: cvc.id, paymentId, expiresAt: cvc.expiresAt });
  return cvc;
}

async function lookIntoCvc(revealing: Revealing, { merchant, token }: Grant, sealed: string): Promise<void> {
  revealing.cvc = await openCvcFor(revealing.vault, { merchant, token }, sealed);
}

async function fetchKey(
  { vault, request, readingKeys }: Revealing,
  grant: RevealableGrant,
  { merchant, token, version, keyVersion }: NonNullable<RevealableGrant['record']>,
): Promise<void> {
  const place = { token, recordVersion: version };
  try {
    readingKeys.set(keyVersion, await vault.keys.forReading(merchant, keyVersion, place));
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'token_not_found') {
      const reason = 'merchant_shredded';
      const entry = refusalEntry(request, grant, reason, vault.now());
      await vault.boundedAudit.add(entry, `${reason} ${grant.attemptId}`);
    }
    throw error;
  }
}

function opened(open: () => Revealed): Outcome<Revealed> {
  try {
    return { value: open() };
  } catch (error) {
    return { error };
  }
}

/** @param isTaken somebody before in the same batch redeems it */
function refusalReason(
  { identity, merchants, body }: RevealRequest,
  grant: Grant | undefined,
  isTaken: boolean,
  now: Date,
): string | undefined {
  if (!isShortLivedWorkload(identity)) return 'not_a_short_lived_workload';
  const presented = {
    ...body,
    subject: identity.subject,
    mayActFor: (merchant: string) => merchants === '*' || merchants.includes(merchant),
    now,
  };
  return refusalOf(grant, presented) ?? (isTaken ? 'redeemed_before' : undefined);
}

/** A stolen token is worth little if it dies with its pod, and in minutes. */
function isShortLivedWorkload({ pod, lifetimeSeconds }: Identity): boolean {
  return pod !== undefined && lifetimeSeconds !== undefined && lifetimeSeconds <= MAX_TOKEN_LIFETIME_SECONDS;
}

function refusalProblem(reason: string): ProblemError {
  if (reason === 'token_deleted') return new ProblemError('token_not_found');
  if (reason === 'not_a_short_lived_workload') {
    return new ProblemError('forbidden', {
      detail: 'A reveal needs a service-account token that is bound to a pod and lives ten minutes at most.',
    });
  }
  if (reason.startsWith('cvc_')) {
    return new ProblemError('cvc_unavailable', {
      detail:
        'The sealed CVC has expired, has been used, or is not for this payment. Ask the cardholder for it again.',
    });
  }
  return new ProblemError('grant_invalid', {
    detail: 'The grant is not known, has been used, has expired, or is for another workload or attempt.',
  });
}

function refusalEntry(
  { identity, requestId, body }: RevealRequest,
  grant: Grant | undefined,
  reason: string,
  time: Date,
): AuditEntry {
  const by = { identity, merchant: grant?.merchant ?? '', requestId };
  const { attemptId, connector } = body;
  return auditEntry('reveal.refused', by, grant?.token ?? '', time, { reason, attemptId, connector });
}
