import { Amount, CardBrand, Currency } from '@cofferdam/contracts';
import { z } from 'zod';
import { Label } from './names.ts';
import { listMap, listSet, withRules } from './schema-rules.ts';

export const Currencies = listSet(z.array(Currency.max(3)).min(1).max(200));
export const Countries = listSet(
  z
    .array(
      z
        .string()
        .max(2)
        .regex(/^[A-Z]{2}$/),
    )
    .min(1)
    .max(250),
);
export const Brands = listSet(z.array(CardBrand).min(1).max(16));

/** Conditions of a rule: all that are given must hold. */
const When = withRules(
  z.strictObject({
    currencies: Currencies.optional().describe('ISO 4217 codes, upper case.'),
    countries: Countries.optional().describe(
      'ISO 3166-1 alpha-2 codes of where the cardholder is billed, upper case; in YAML, Norway is `"NO"` in quotes.',
    ),
    brands: Brands.optional().describe('Card brands.'),
    amountMin: Amount.optional().describe("Lowest amount, in minor units of the payment's currency."),
    amountMax: Amount.optional().describe("Highest amount, in minor units of the payment's currency."),
  }),
  {
    rule: '!has(self.amountMin) || !has(self.amountMax) || self.amountMin <= self.amountMax',
    message: 'amountMin must not exceed amountMax',
    fieldPath: '.amountMax',
  },
);

const Target = z.strictObject({
  connector: Label.describe('Name of a PSPConnector of this vault.'),
  weight: z
    .int()
    .min(0)
    .max(1000)
    .describe('Share among the connectors of this rule, 0 to 1000; 0: only when no other is left.'),
});

const RouterRule = z.strictObject({
  when: When.describe('Which payments; `{}` is all of them.'),
  to: listMap(z.array(Target).min(1).max(32), 'connector'),
});

export const Cascade = z
  .strictObject({
    maxAttempts: z
      .int()
      .min(1)
      .max(10)
      .optional()
      .describe('Attempts of one payment over all connectors, 1 to 10. Absent: 3.'),
    onSoftDecline: z
      .enum(['NextConnector', 'Stop'])
      .optional()
      .describe(
        'Whether another connector is tried after a soft decline, within the retry limits of the card networks. Absent: NextConnector.',
      ),
    deadlineMilliseconds: z
      .int()
      .min(1000)
      .max(120_000)
      .optional()
      .describe(
        'Milliseconds after which no further attempt of a payment begins, 1000 to 120000. Absent: 30000.',
      ),
  })
  .describe(
    'When another connector is tried. Never after an unknown outcome: only when the PSP definitively did not charge.',
  );

export const Router = z
  .strictObject({
    rules: z
      .array(RouterRule)
      .max(64)
      .describe('The first rule that matches decides; without a match, `spec.routing` of each connector.'),
    cascade: Cascade.optional(),
  })
  .describe('Which PSP a payment goes to. Changes are loaded without a restart.');
export type Router = z.infer<typeof Router>;
