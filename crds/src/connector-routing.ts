import { z } from 'zod';
import { Brands, Countries, Currencies } from './routing.ts';

/** What a connector says of itself, for payments that no rule of the vault's router matches. */
export const ConnectorRouting = z
  .strictObject({
    priority: z.int().min(0).max(1000).optional().describe('Higher is tried first, 0 to 1000. Absent: 100.'),
    weight: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe('Share among equal priorities, 0 to 1000; 0: only when no other is left. Absent: 100.'),
    currencies: Currencies.optional().describe('ISO 4217 codes, upper case. Absent: all.'),
    countries: Countries.optional().describe(
      'ISO 3166-1 alpha-2 codes of where the cardholder is billed, upper case. Absent: all.',
    ),
    brands: Brands.optional().describe('Card brands. Absent: all.'),
  })
  .describe("Used when no rule of the vault's router matches.");
