import type { AuditEntry } from './domain/audit-chain.ts';
import { canonicalJson } from './domain/canonical-json.ts';
import type { Requester } from './vault.ts';

export type AuditAction =
  | 'token.created'
  | 'token.updated'
  | 'token.deleted'
  | 'token.expired'
  | 'customer.created'
  | 'customer.updated'
  | 'customer.deleted'
  | 'credential.added'
  | 'credential.removed'
  | 'agreement.created'
  | 'agreement.updated'
  | 'agreement.ended'
  | 'grant.created'
  | 'grant.refused'
  | 'token.revealed'
  | 'credential.updated'
  | 'credential.closed'
  | 'credential.update_ignored'
  | 'card.inquired'
  | 'reveal.refused'
  | 'access.refused'
  | 'rules.loaded'
  | 'rules.changed'
  | 'audit.read'
  | 'data_key.created'
  | 'data_key.rewrapped'
  | 'rekey.started'
  | 'rekey.records_moved'
  | 'rekey.finished'
  | 'integrity.failed'
  | 'merchant.shredding_requested'
  | 'merchant.shredded'
  | 'merchant.erased'
  | 'merchant.key_withheld'
  | 'merchant.key_given_back';

/** An audit entry: who (with the pod, where a token is bound to one), what, which token, in which request. */
export function auditEntry(
  action: AuditAction,
  by: Requester,
  token: string,
  time: Date,
  detail: Record<string, unknown>,
): AuditEntry {
  const { identity, merchant, requestId } = by;
  return {
    action,
    time,
    issuer: identity.issuer,
    subject: identity.subject,
    merchant,
    token,
    requestId,
    detail: canonicalJson({ ...detail, pod: identity.pod?.name }),
  };
}
