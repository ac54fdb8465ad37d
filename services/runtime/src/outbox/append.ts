import type { EventType } from '@cofferdam/contracts';
import type { Transaction } from '../database/database.ts';
import { orderedId } from '../ids.ts';

export interface NewEvent {
  type: EventType;
  merchant: string;
  /** The token or payment. */
  subject: string;
  /** Never card data; a card is shown by brand and last four. */
  data: Record<string, unknown>;
  time: Date;
}

/**
 * Adds an event to the caller's transaction: it exists if and only if that commits. The subject's row is locked until
 * then, which is what makes its sequence numbers follow the order of commits.
 */
export async function appendEvent(transaction: Transaction, event: NewEvent): Promise<void> {
  await transaction.query({
    name: 'outbox-append',
    text: `WITH subject AS (
             INSERT INTO outbox_subject AS s (subject, sequence, horizon) VALUES ($1, 1, pg_current_xact_id())
             ON CONFLICT (subject) DO UPDATE
               SET sequence = s.sequence + 1, horizon = greatest(s.horizon, pg_current_xact_id())
             RETURNING sequence, horizon)
           INSERT INTO outbox (horizon, id, type, merchant, subject, sequence, time, data)
           SELECT horizon, $2, $3, $4, $1, sequence, $5, $6 FROM subject`,
    values: [
      event.subject,
      orderedId('evt', event.time.getTime()),
      event.type,
      event.merchant,
      event.time,
      JSON.stringify(event.data),
    ],
  });
}
