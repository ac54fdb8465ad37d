import { z } from 'zod';
import { Merchant } from './identifiers.ts';

/**
 * The file `MERCHANT_KEYS_FILE`, written by the operator from `PaymentVault.spec.keys.merchantKeys`: merchants whose data
 * keys are wrapped under a KMS key of their own, instead of the vault's. Read again when it changes.
 */
export const MerchantKeysFile = z.strictObject({
  vaultId: z.string(),
  keys: z.array(
    z.strictObject({
      merchant: Merchant,
      keyArn: z.string().regex(/^arn:[a-z-]+:kms:/, 'must be the ARN of a KMS key'),
      bound: z
        .boolean()
        .describe(
          'Whether it has been proven to be meant for this vault, and can be used. Otherwise nothing new is wrapped under it, nor under another key instead.',
        ),
    }),
  ),
});
export type MerchantKeysFile = z.infer<typeof MerchantKeysFile>;
