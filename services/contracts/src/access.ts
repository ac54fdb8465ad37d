import { z } from 'zod';

/** What a rule can allow. Nothing implies anything else: creating a token never allows revealing one. */
export const Permission = z.enum([
  'tokens:create',
  'tokens:read',
  'tokens:list',
  'tokens:update',
  'tokens:delete',
  'tokens:reveal',
  'credentials:update',
  'credentials:inquire',
  'customers:read',
  'customers:write',
  'customers:delete',
  'credentials:read',
  'credentials:write',
  'agreements:read',
  'agreements:write',
  'merchants:shred',
  'grants:create',
  'payments:create',
  'payments:read',
  'charges:create',
  'bins:read',
  'events:read',
  'audit:read',
  'status:read',
]);
export type Permission = z.infer<typeof Permission>;

/**
 * The file `ACCESS_FILE`, written by the operator from `PaymentVault.spec.access` plus the rules for our own
 * workloads (router, connectors, operator). Read again when it changes; evaluated at every request.
 */
export const AccessFile = z.strictObject({
  vaultId: z.string(),
  issuers: z.array(
    z.strictObject({
      issuer: z.string(),
      audiences: z.array(z.string()).min(1),
      jwksUri: z.url().optional(),
      jwksFile: z
        .string()
        .optional()
        .describe("Instead of jwksUri: a file beside this one; the cluster's own keys come this way."),
      merchantClaim: z.string().optional().describe('Claim that lists the merchants of the caller.'),
    }),
  ),
  rules: z.array(
    z.strictObject({
      subjects: z.array(z.string()).describe('Exact `sub`, or a prefix ending in `*`.'),
      merchants: z
        .array(z.string())
        .describe('Merchant names, `*` for all, `$claim` for those of merchantClaim.'),
      allow: z.array(Permission),
    }),
  ),
});
export type AccessFile = z.infer<typeof AccessFile>;
