import { z } from 'zod';
import { CheckedUpdaterResult } from './credential-updates.ts';

/** Most cards of one batch. */
export const MAX_UPDATER_BATCH = 1000;

export const UpdaterBatchId = z.string().regex(/^ubt_[0-9a-z]{26}$/);

/**
 * What the vault asks an account updater service: `POST /v1/batches`, TLS, bearer token. 202, also for a batch that the
 * service has already: the first content of an id counts. Its answer is polled.
 */
export const UpdaterBatch = z.strictObject({
  batch: UpdaterBatchId,
  cards: z
    .array(
      z.strictObject({
        row: z.int().min(1).max(MAX_UPDATER_BATCH),
        number: z.string(),
        expiryMonth: z.int(),
        expiryYear: z.int(),
      }),
    )
    .min(1)
    .max(MAX_UPDATER_BATCH),
});
export type UpdaterBatch = z.infer<typeof UpdaterBatch>;

export const AcceptedBatch = z.strictObject({ batch: UpdaterBatchId });

/** One of an answer: of a card, what is said of it. */
export const UpdaterResult = CheckedUpdaterResult;
export type UpdaterResult = z.infer<typeof UpdaterResult>;

/**
 * `GET /v1/batches/{batch}`: everything that is known so far. Results may come in parts, in any order, and again; rows
 * without one when the state is `complete` have none. Each is looked at by itself, so that a wrong one stops no other.
 */
export const UpdaterAnswer = z.strictObject({
  batch: UpdaterBatchId,
  state: z.enum(['processing', 'complete']),
  results: z.array(z.unknown()).max(10 * MAX_UPDATER_BATCH),
});
export type UpdaterAnswer = z.infer<typeof UpdaterAnswer>;
