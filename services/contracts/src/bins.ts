import { z } from 'zod';
import { CardBrand } from './identifiers.ts';

/** First digits of a card number, which name its network and issuer (ISO/IEC 7812-1). */
export const Bin = z.string().regex(/^[0-9]{6,8}$/, 'must be 6 to 8 digits');

/** Answer of `GET /v1/bins/{bin}` (permission `bins:read`): what the first digits alone say. */
export const BinRecord = z.strictObject({
  bin: Bin,
  brand: CardBrand.describe('`unknown` where no range of the table holds these digits.'),
  numberLengths: z.array(z.int()).describe('How many digits a number of this brand can have, ascending.'),
  cvcLength: z.int().optional().describe('Digits of its CVC; absent for an unknown brand.'),
});
export type BinRecord = z.infer<typeof BinRecord>;
