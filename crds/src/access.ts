import { Permission } from '@cofferdam/contracts';
import { z } from 'zod';
import { listMap, listSet } from './schema-rules.ts';

/** The permissions by which our own processes call each other are not for sale: a rule cannot give them. */
const GrantablePermission = Permission.exclude(['grants:create', 'charges:create']);

const MerchantSelector = z
  .string()
  .min(1)
  .max(63)
  .regex(/^(\*|\$claim|[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)$/);

const Issuer = z.strictObject({
  issuer: z
    .string()
    .min(8)
    .max(512)
    .regex(/^https?:\/\/\S+$/)
    .describe('Exactly as in the claim `iss`.'),
  // Whoever could change the keys on their way would be whoever he likes.
  jwksUri: z
    .string()
    .min(8)
    .max(512)
    .regex(/^https:\/\/\S+$/)
    .optional()
    .describe(
      "Where the issuer's keys are. Absent: for the cluster's own issuer of service-account tokens, whose keys the operator mounts as a file.",
    ),
  audiences: listSet(z.array(z.string().min(1).max(512)).min(1).max(16)).describe(
    'A token must be for one of them.',
  ),
  merchantClaim: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe("Claim that lists the caller's merchants; a rule refers to it as `$claim`."),
});

const AccessRule = z.strictObject({
  subjects: listSet(
    z
      .array(
        z
          .string()
          .min(1)
          .max(512)
          .regex(/^[^*\s]+\*?$|^\*$/),
      )
      .min(1)
      .max(64),
  ).describe('Claim `sub`, exact or a prefix ending in `*`, such as `system:serviceaccount:shop:checkout`.'),
  merchants: listSet(z.array(MerchantSelector).min(1).max(256)).describe(
    'For which merchants: names, `*` for all, or `$claim` for those that the token names.',
  ),
  allow: listSet(z.array(GrantablePermission).min(1).max(32)).describe(
    'What is allowed. Nothing implies anything else: tokens:create never allows tokens:reveal.',
  ),
});

export const Access = z
  .strictObject({
    issuers: listMap(z.array(Issuer).min(1).max(16), 'issuer').describe('Whose tokens are believed.'),
    rules: z.array(AccessRule).max(256).describe('Who may do what. An empty list: nobody, nothing.'),
  })
  .describe(
    'Who may call vault and router: no identity or no rule means no. Changes are loaded without a restart.',
  );
export type Access = z.infer<typeof Access>;
