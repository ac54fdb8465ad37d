import { z } from 'zod';
import { Merchant, Timestamp } from './identifiers.ts';

export const ShreddingId = z
  .string()
  .regex(/^shred_[0-9a-z]{26}$/)
  .describe(
    'Chosen by the caller, random, new for each shredding: the same again finds the one that was begun.',
  );

/** What `confirmation` has to be, to the letter. */
export function shreddingConfirmation(merchant: string): string {
  return `shred every card of ${merchant}`;
}

/** `PUT /v1/shreddings/{shredding}` (permission `merchants:shred`). The merchant is the one that the identity acts for. */
export const CreateShredding = z.strictObject({
  confirmation: z
    .string()
    .max(100)
    .describe('`shred every card of <merchant>`, typed by whoever wants it. What it does cannot be undone.'),
});
export type CreateShredding = z.infer<typeof CreateShredding>;

/** Why KMS refuses a key. Nobody but whoever holds it can change that, and to `destroyed` not even he. */
export const WithheldKey = z.enum(['disabled', 'pending_deletion', 'not_granted', 'destroyed']);
export type WithheldKey = z.infer<typeof WithheldKey>;

const OwnKey = z.strictObject({
  keyArn: z.string(),
  withheld: WithheldKey.optional().describe(
    'Why KMS refuses it to the vault, as it was seen last (`seenAt`). pending_deletion: also one without material. Absent: it can be used, and what backups hold could be opened with it.',
  ),
  withheldSince: Timestamp.optional(),
  seenAt: Timestamp.optional().describe('When KMS was asked last; once a minute.'),
  otherWrappingsUntil: Timestamp.optional().describe(
    'Until then backups hold data keys of the merchant under other KMS keys: from before they came under this one.',
  ),
  finalAt: Timestamp.describe(
    'From then on not even whoever holds the key can bring anything back: it is destroyed, or the last backup has expired.',
  ),
});

/** Answer of `PUT` and `GET /v1/shreddings/{shredding}`. */
export const Shredding = z.strictObject({
  shredding: ShreddingId,
  merchant: Merchant,
  state: z
    .enum(['closing', 'erasing', 'awaiting_backups', 'complete'])
    .describe(
      'closing: keys are used for nothing any more, and are destroyed at effectiveAt; erasing: they are destroyed, and what is left of the tokens is being removed; awaiting_backups: nothing is left but in backups; complete.',
    ),
  requestedAt: Timestamp,
  effectiveAt: Timestamp.describe(
    'Until then the merchant cannot write, and what it wrote in spite of that is shredded too; from then on it begins anew.',
  ),
  keysDestroyed: z.int().min(0),
  tokensErased: z.int().min(0),
  completeAt: Timestamp.describe(
    "When the last backup that holds the wrapped keys has expired; or before that, since when the KMS key of the merchant's own is withheld.",
  ),
  ownKey: OwnKey.optional().describe('Of a merchant with a KMS key of its own.'),
});
export type Shredding = z.infer<typeof Shredding>;
