import type { Statusz } from '@cofferdam/contracts';
import type { Readiness } from '../http/readiness.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Queryable } from './database.ts';
import { readReplication, replicationCheck } from './replication.ts';
import type { SchemaGate } from './schema-gate.ts';

/**
 * What `/readyz` and metrics say of a database: whether it answers with the schema that is wanted, and on how many
 * machines it is.
 *
 * @returns the same of the machines, for `/statusz`; nothing while the database cannot be asked
 */
export function addDatabaseChecks(
  readiness: Readiness,
  parts: {
    database: Queryable;
    schema: SchemaGate;
    config: { DATABASE_SYNCHRONOUS_REPLICATION: boolean };
    metrics: Metrics;
  },
): () => Promise<Pick<Statusz, 'replication'>> {
  const { database, schema, config, metrics } = parts;
  const asked = config.DATABASE_SYNCHRONOUS_REPLICATION;
  readiness.add('database', () => schema.check());
  readiness.add('replication', () => replicationCheck(database, { asked }));
  const read = () => readReplication(database).catch(() => undefined);
  metrics.meter
    .createObservableGauge('cofferdam_database_synchronous_standbys', {
      description: 'Standbys that the database waits for before it acknowledges a commit.',
    })
    .addCallback(async (result) => {
      const found = await read();
      if (found && (asked || found.waits)) result.observe(found.waits ? found.standbys : 0);
    });
  return async () => {
    const found = await read();
    return found ? { replication: { asked, ...found } } : {};
  };
}
