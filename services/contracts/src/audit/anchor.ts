import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Timestamp } from '../identifiers.ts';
import { encodeTuple } from './tuple.ts';

const FORMAT = 'cofferdam audit anchor 1';

/** 32 bytes. Not in hexadecimal: a long run of digits would be taken for a card number and removed from a log. */
const Hash = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const Run = z.string().min(1).max(300);

/** That a chain had this link at this place. */
export const AnchoredHead = z.strictObject({
  writer: z.string().min(1).max(320),
  position: z.int().min(1),
  hash: Hash,
  origin: z
    .enum(['own', 'found'])
    .describe(
      'own: the run that made the anchor had committed it. found: it was in the database, left by a run that had ended without an anchor for it.',
    ),
});
export type AnchoredHead = z.infer<typeof AnchoredHead>;

const PreviousAnchor = z.strictObject({ run: Run, sequence: z.int().min(1), time: Timestamp, hash: Hash });

/**
 * A checkpoint of audit chains, published outside the database. It names the anchors before it, so that one which is
 * authentic vouches for all that led to it, and one that is missing is missed.
 */
export const AuditAnchor = z.strictObject({
  format: z.literal(FORMAT),
  vaultId: z.string(),
  run: Run.describe('Of which replica, in which of its runs.'),
  sequence: z.int().min(1).describe('Counts from 1 in each run.'),
  time: Timestamp,
  previous: z
    .array(PreviousAnchor)
    .max(256)
    .describe("The run's own anchor before this one, and those of other runs that nobody had named yet."),
  heads: z.array(AnchoredHead).max(4096).describe("Those that changed since the run's anchor before."),
  ends: z.boolean().describe('The last anchor of its run: its chains have no further rows.'),
  hash: Hash.describe('SHA-256 of all of the above.'),
  key: z.string().describe("Tells KMS keys apart: the beginning of the SHA-256 of the key's ARN."),
  mac: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(8192)
    .describe(
      'A ciphertext that KMS makes for this hash alone: decrypted with the encryption context that names it, it proves the anchor.',
    ),
});
export type AuditAnchor = z.infer<typeof AuditAnchor>;

/** What an anchor says, before it has a hash and a MAC. */
export type AnchorStatement = Pick<
  AuditAnchor,
  'vaultId' | 'run' | 'sequence' | 'time' | 'previous' | 'heads' | 'ends'
>;

/** An anchor that only lacks the proof. */
export function hashedAnchor(statement: AnchorStatement): Omit<AuditAnchor, 'key' | 'mac'> {
  const { vaultId, run, sequence, time, previous, heads, ends } = statement;
  const hash = anchorHash(statement);
  return { format: FORMAT, vaultId, run, sequence, time, previous, heads, ends, hash };
}

/** SHA-256 of what the anchor says, base64url. */
export function anchorHash(anchor: AnchorStatement): string {
  const { vaultId, run, sequence, time, previous, heads, ends } = anchor;
  const parts = [
    ...[FORMAT, vaultId, run, String(sequence), time, ends ? 'ends' : 'goes on'],
    String(previous.length),
    ...previous.flatMap((one) => [one.run, String(one.sequence), one.time, one.hash]),
    ...heads.flatMap((head) => [head.writer, String(head.position), head.hash, head.origin]),
  ];
  return createHash('sha256').update(encodeTuple(parts)).digest('base64url');
}

/** What a later anchor names this one by. */
export function nameOf({ run, sequence, time, hash }: AuditAnchor): AuditAnchor['previous'][number] {
  return { run, sequence, time, hash };
}

/** The encryption context with which KMS makes and proves the MAC of an anchor. */
export function anchorContext({ vaultId, hash }: Pick<AuditAnchor, 'vaultId' | 'hash'>) {
  return { vaultId, merchant: '-', purpose: `${ANCHOR_PURPOSE}/${hash}` };
}

/** What every such context's `purpose` begins with: an auditor's right to decrypt can be limited to it. */
export const ANCHOR_PURPOSE = 'audit-anchor';

export function keyMark(keyArn: string): string {
  return createHash('sha256').update(keyArn).digest('base64url').slice(0, 16);
}
