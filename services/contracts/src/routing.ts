import { z } from 'zod';
import { CardBrand } from './identifiers.ts';

const Account = z.strictObject({ name: z.string(), merchants: z.array(z.string()) });

/**
 * The file `ROUTING_FILE` of the router, written by the operator from the PaymentVault and its PSPConnectors.
 * Read again when it changes.
 */
export const RoutingFile = z.strictObject({
  connectors: z.array(
    z.strictObject({
      name: z.string(),
      provider: z.string(),
      url: z
        .url({ protocol: /^https$/, error: 'must be an https:// URL' })
        .describe('Of the connector process, such as `https://stripe-connector.payments-dev.svc:8080`.'),
      subject: z.string().describe('Its service account, to which reveal grants are made out.'),
      accounts: z.array(Account),
      priority: z.int().describe('Higher is tried first.'),
      weight: z.int().min(0).describe('Share among equal priorities; 0 only when nothing else is left.'),
      currencies: z.array(z.string()).optional(),
      countries: z.array(z.string()).optional(),
      brands: z.array(CardBrand).optional(),
      timeoutMs: z.int().describe('Longest wait for the connector, PSP included.'),
    }),
  ),
  rules: z.array(
    z.strictObject({
      when: z.strictObject({
        currencies: z.array(z.string()).optional(),
        countries: z.array(z.string()).optional(),
        brands: z.array(CardBrand).optional(),
        amountMin: z.int().optional(),
        amountMax: z.int().optional(),
      }),
      to: z.array(z.strictObject({ connector: z.string(), weight: z.int().min(0) })),
    }),
  ),
});
export type RoutingFile = z.infer<typeof RoutingFile>;

/** The file `ACCOUNTS_FILE` of a connector, written by the operator. Credentials lie in `ACCOUNTS_DIR/<directory>/<key>` files. */
export const AccountsFile = z.strictObject({
  accounts: z.array(
    z.strictObject({
      name: z.string(),
      merchants: z.array(z.string()),
      directory: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
        .describe('Below ACCOUNTS_DIR: where the Secret of `credentialsRef` is mounted.'),
    }),
  ),
});
export type AccountsFile = z.infer<typeof AccountsFile>;
