import { type PostgresServer, startTestPostgres } from '@cofferdam/devcluster/addons';
import pg from 'pg';
import { type Database, databaseOver, type Migration, migrate, outboxMigration } from '../../src/index.ts';

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
  const owner = databaseOver(new pg.Pool({ connectionString: url, max: 5 }));
  await owner.query({ text: "CREATE ROLE app LOGIN PASSWORD 'app'" });
  const appUrl = new URL(url);
  [appUrl.username, appUrl.password] = ['app', 'app'];
  const app = databaseOver(new pg.Pool({ connectionString: appUrl.href, max: 20 }));
  return {
    ...{ postgres, app, owner },
    migrate: (migrations, vaultId = 'acme-dev') => migrate(owner, { migrations, vaultId, appRole: 'app' }),
    close: async () => {
      await Promise.all([app.close(), owner.close()]);
      await postgres.stop();
    },
  };
}

export const OUTBOX = [outboxMigration(1)];
