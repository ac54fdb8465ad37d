import { createHmac } from 'node:crypto';
import type { PaymentRequest } from './create-payment.ts';
import type { KeyedRequest } from './storage/idempotency-keys.ts';

/**
 * Keyed digests of an idempotency key and of the body that came with it, each in a domain of its own. The sealed CVC is
 * left out: a repetition may bring it sealed anew, or not at all.
 */
export function keyedRequest(
  digestKey: Buffer,
  { merchant, idempotencyKey, body }: Pick<PaymentRequest, 'merchant' | 'idempotencyKey' | 'body'>,
): KeyedRequest {
  const { sealedCvc: _, ...same } = body;
  const digest = (domain: string, text: string) =>
    createHmac('sha256', digestKey).update(`${domain}\0${merchant}\0${text}`).digest();
  return {
    merchant,
    keyDigest: digest('idempotency-key', idempotencyKey),
    bodyDigest: digest('create-payment', canonicalJson(same)),
  };
}

/** JSON with sorted member names: equal requests give equal text, whatever order they were sent in. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
