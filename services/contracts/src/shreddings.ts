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
  completeAt: Timestamp.describe('When the last backup that holds the wrapped keys has expired.'),
});
export type Shredding = z.infer<typeof Shredding>;
