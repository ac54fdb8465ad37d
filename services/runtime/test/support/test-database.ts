import { type PostgresServer, startTestPostgres } from '@cofferdam/devcluster/addons';
import pg from 'pg';
import {
  type Database,
  databaseOver,
  type Migration,
  migrate,
  OUTBOX_SHARDS,
  outboxMigration,
} from '../../src/index.ts';

export interface TestDatabase {
  postgres: PostgresServer;
  /** As the serving role `app`. */
  app: Database;
  /** As the role that owns the schema. */
  owner: Database;
  migrate(
    migrations: readonly Migration[],
    vaultId?: string,
  ): Promise<{ applied: number[]; current: number }>;
  close(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const postgres = await startTestPostgres();
  const url = await postgres.createDatabase('service');
  const owner = databaseOver(poolOf(url, 5));
  await owner.query({ text: "CREATE ROLE app LOGIN PASSWORD 'app'" });
  const appUrl = new URL(url);
  [appUrl.username, appUrl.password] = ['app', 'app'];
  const app = databaseOver(poolOf(appUrl.href, 20));
  return {
    ...{ postgres, app, owner },
    migrate: (migrations, vaultId = 'acme-dev') => migrate(owner, { migrations, vaultId, appRole: 'app' }),
    close: async () => {
      await Promise.all([app.close(), owner.close()]);
      await postgres.stop();
    },
  };
}

/** Tests end connections on purpose; an idle one that breaks is an event of the pool, as `openDatabase` has it. */
function poolOf(connectionString: string, max: number): pg.Pool {
  return new pg.Pool({ connectionString, max }).on('error', () => undefined);
}

export const OUTBOX: readonly Migration[] = [
  outboxMigration(1),
  { version: 2, name: 'outbox-shards', oldestCode: 2, sql: OUTBOX_SHARDS },
];
