import { z } from 'zod';

/** What one identity may ask of the APIs. */
export const VaultLimits = z
  .strictObject({
    requestsPerSecond: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe(
        'Requests a second that one identity may make of each pod of vault and router, 1 to 1000000; those above it are answered 429. Absent: 20000.',
      ),
  })
  .describe('What one identity may ask of the APIs.');

/** How long events can be read. */
export const Events = z
  .strictObject({
    retentionHours: z
      .int()
      .min(1)
      .max(87_600)
      .optional()
      .describe(
        'Hours for which events that were published stay in the database, for the HTTP feed, 1 to 87600. Absent: 168.',
      ),
  })
  .describe('Events in the databases of vault and router; those of the topics are under kafka.');
