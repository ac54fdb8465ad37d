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
  })
  .describe('PostgreSQL 15 or newer. The role of one database must not be able to connect to the other.');
export type Database = z.infer<typeof Database>;
