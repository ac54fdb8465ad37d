import type { Readiness } from '../http/readiness.ts';
import type { Queryable } from './database.ts';
import { replicationCheck } from './replication.ts';
import type { SchemaGate } from './schema-gate.ts';

/** What `/readyz` says of a database: whether it answers with the schema that is wanted, and on how many machines it is. */
export function addDatabaseChecks(
  readiness: Readiness,
  parts: {
    database: Queryable;
    schema: SchemaGate;
    config: { DATABASE_SYNCHRONOUS_REPLICATION: boolean };
  },
): void {
  const { database, schema, config } = parts;
  const asked = config.DATABASE_SYNCHRONOUS_REPLICATION;
  readiness.add('database', () => schema.check());
  readiness.add('replication', () => replicationCheck(database, { asked }));
}
