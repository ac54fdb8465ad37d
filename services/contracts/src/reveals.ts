import { z } from 'zod';
import { AttemptId, PaymentId, Timestamp, Token } from './identifiers.ts';
import { Card, Cvc } from './tokens.ts';

/** Name of a PSPConnector, which its Service bears too; not digits alone, which could be a card number. */
const ConnectorName = z
  .string()
  .regex(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be the name of a PSPConnector');

/** What a revealed card may be used for. */
export const RevealPurpose = z.enum(['charge']);

/**
 * `POST /v1/reveal-grants` (permission `grants:create`; the router). A grant lets one workload see one card
 * once, for one send: whoever presents it must be `subject`.
 */
export const CreateRevealGrant = z.strictObject({
  token: Token,
  paymentId: PaymentId,
  attemptId: AttemptId,
  connector: ConnectorName,
  subject: z
    .string()
    .regex(/^system:serviceaccount:[-a-z0-9]{1,63}:[-.a-z0-9]{1,253}$/, 'must be a service account')
    .describe('The connector: `system:serviceaccount:<namespace>:<name>`.'),
  purpose: RevealPurpose,
  ttlSeconds: z.int().min(1).max(300).optional().describe('Default 60.'),
});
export type CreateRevealGrant = z.infer<typeof CreateRevealGrant>;

export const RevealGrant = z.strictObject({
  grant: z
    .string()
    .regex(/^grant_[A-Za-z0-9_-]{43}$/)
    .describe('256 random bits; stored only as a hash.'),
  expiresAt: Timestamp,
});
export type RevealGrant = z.infer<typeof RevealGrant>;

/**
 * `POST /v1/reveals` (permission `tokens:reveal`; the connector, with a pod-bound service-account token that
 * lives ten minutes at most). Redeems a grant, once. Body and grant must agree in attempt and connector.
 */
export const Reveal = z.strictObject({
  grant: RevealGrant.shape.grant,
  attemptId: AttemptId,
  connector: ConnectorName,
  sealedCvc: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'That the payment came with. One that cannot be opened, for whatever reason, is `cvc_unavailable`.',
    ),
});
export type Reveal = z.infer<typeof Reveal>;

export const RevealedCard = z.strictObject({
  token: Token,
  card: Card,
  cvc: Cvc.optional().describe('Where the request brought a sealed one.'),
});
export type RevealedCard = z.infer<typeof RevealedCard>;
