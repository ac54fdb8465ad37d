import { z } from 'zod';

export const Tokens = z
  .strictObject({
    format: z
      .enum(['Opaque', 'Preserving'])
      .optional()
      .describe(
        'Opaque: `tok_` and 26 characters. Preserving: as long as the card number, same last four digits, failing the Luhn check. Applies to new tokens. Absent: Opaque.',
      ),
    deduplicate: z
      .enum(['Merchant', 'None'])
      .optional()
      .describe(
        'Merchant: the same card of the same merchant gets the same token. None: every request makes a token. Absent: Merchant.',
      ),
    cvcTtlSeconds: z
      .int()
      .min(60)
      .max(3600)
      .optional()
      .describe('Seconds for which a sealed CVC can be used, 60 to 3600. It is never stored. Absent: 900.'),
  })
  .describe('What a token looks like.');
export type Tokens = z.infer<typeof Tokens>;
