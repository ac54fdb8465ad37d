import { z } from 'zod';
import { Merchant, Timestamp } from './identifiers.ts';

export const EventType = z.enum([
  'token.created',
  'token.updated',
  'token.deleted',
  'token.expired',
  'token.revealed',
  'credential.updated',
  'credential.closed',
  'customer.created',
  'customer.updated',
  'customer.deleted',
  'credential.added',
  'credential.removed',
  'agreement.created',
  'agreement.updated',
  'agreement.ended',
  'merchant.shredded',
  'payment.created',
  'payment.authorized',
  'payment.captured',
  'payment.declined',
  'payment.failed',
  'payment.unknown',
]);
export type EventType = z.infer<typeof EventType>;

/**
 * After one of these nothing happens to a subject any more, but for what was under way. The number that it counts with
 * is forgotten together with the event.
 */
export const FINAL_EVENT_TYPES: readonly EventType[] = [
  'token.deleted',
  'token.expired',
  'customer.deleted',
  'merchant.shredded',
];

/**
 * The envelope of every event. `subject` is the token, customer or payment, and the Kafka record's key;
 * `sequence` counts from 1 per subject. Delivered at least once: de-duplicate by `id`.
 */
export const Event = z.strictObject({
  id: z.string().regex(/^evt_[0-9a-z]{26}$/),
  type: EventType,
  vaultId: z.string(),
  merchant: Merchant,
  subject: z.string(),
  sequence: z.int().min(1),
  time: Timestamp,
  data: z
    .record(z.string(), z.unknown())
    .describe('Never card data; a card is shown by brand and last four.'),
});
export type Event = z.infer<typeof Event>;

/** `GET /v1/events?after=<cursor>&limit=<1..500>` of vault and router (permission `events:read`), oldest first. */
export const EventPage = z.strictObject({
  events: z.array(Event),
  next: z
    .string()
    .describe('Cursor for `after`, also of a page without events. The end is where it stays the same.'),
});
export type EventPage = z.infer<typeof EventPage>;

/**
 * The streams of a vault; their topics are named by {@link topicName}. `audit` has no events: the vault publishes there
 * where its audit chains end (docs/audit.md).
 */
export const STREAMS = ['tokens', 'payments', 'audit'] as const;
export type Stream = (typeof STREAMS)[number];

/** `cofferdam.<vaultId>.<stream>`: a topic belongs to a vaultId, not to a Kubernetes object. */
export function topicName(vaultId: string, stream: Stream): string {
  return `cofferdam.${vaultId}.${stream}`;
}
