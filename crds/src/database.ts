import { z } from 'zod';
import { CaRef, SecretRef } from './references.ts';

const DatabaseAccess = z.strictObject({
  secretRef: SecretRef.describe(
    'Secret of the role that the service runs under, with the keys `host`, `port`, `dbname`, `username` and `password` (as CloudNativePG and service bindings write them).',
  ),
  migrationSecretRef: SecretRef.optional().describe(
    'Secret of the role that owns the schema, same keys; only the migration Job mounts it. Absent: secretRef, whose role then owns the schema.',
  ),
  caRef: CaRef.optional(),
});

/** Two roles that cannot read each other's data; migrations run under a third. */
export const Database = z
  .strictObject({
    vault: DatabaseAccess.describe("The vault's database: encrypted cards, audit, outbox."),
    router: DatabaseAccess.describe("The router's database: payments and attempts, no card data."),
    synchronousReplication: z
      .boolean()
      .optional()
      .describe(
        'Whether both databases are to have a synchronous standby: `/readyz` of vault and router then warns where there is none. Absent: false; what the database itself asks for is looked at in any case.',
      ),
    backupRetentionDays: z
      .int()
      .min(0)
      .max(3650)
      .optional()
      .describe(
        "Days for which backups and archived log of the vault's database are kept, copies and snapshots included, 0 to 3650: when a merchant that was shredded is gone from them follows from it. Nothing is looked at or removed by us. Absent: 35.",
      ),
  })
  .describe('PostgreSQL 15 or newer. The role of one database must not be able to connect to the other.');
export type Database = z.infer<typeof Database>;
