import { Merchant } from '@cofferdam/contracts';
import { z } from 'zod';

const KeyArn = z
  .string()
  .max(2048)
  .regex(/^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key\/[A-Za-z0-9-]+$/);

/** A KMS key that one merchant's data keys are wrapped under, and nobody else's. */
export const MerchantKey = z.strictObject({
  merchant: Merchant.max(63),
  keyArn: KeyArn.describe(
    'ARN of a symmetric key of kms.region, for this merchant alone. Used only when its tag `payments.cofferdam.dev/vault-id` is this vaultId, and never changed: whoever holds it decides whether the cards of this merchant can be read.',
  ),
});
export type MerchantKey = z.infer<typeof MerchantKey>;

export const MerchantKeyStatus = z.strictObject({
  merchant: Merchant.max(63),
  keyArn: KeyArn,
  state: z
    .enum(['Bound', 'NotBound', 'Retiring'])
    .describe(
      'Bound: new data keys of the merchant are wrapped under it, and the others moved to it. NotBound: it is used for nothing new. Retiring: no longer named by the spec; its grant stays until the vault reports that no data key is wrapped under it.',
    ),
  grantId: z.string().max(128).optional().describe("The vault role's grant, for this merchant."),
  rotation: z
    .enum(['On', 'Off', 'Unsupported', 'Unknown'])
    .optional()
    .describe('Automatic rotation of the key material; only looked at.'),
  deletionDate: z
    .string()
    .max(64)
    .optional()
    .describe('When KMS will destroy the key, where that is scheduled.'),
  reason: z.string().max(128).optional().describe('Why it is not bound, or cannot be used.'),
  message: z.string().max(2048).optional(),
});
export type MerchantKeyStatus = z.infer<typeof MerchantKeyStatus>;
