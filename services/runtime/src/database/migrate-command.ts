import { ENV } from '@cofferdam/contracts';
import { z } from 'zod';
import { commonSettings, databaseSettings, readEnvironment } from '../environment.ts';
import { notUsable } from '../errors.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { RunningService } from '../lifecycle/run-service.ts';
import { createLogger } from '../logging/logger.ts';
import { openDatabase } from './database.ts';
import { type Migration, migrate } from './migrations.ts';
import { readDatabaseSettings } from './settings.ts';

const Settings = z.object({
  ...commonSettings,
  ...databaseSettings,
  [ENV.migrationDatabaseDirectory]: z
    .string()
    .optional()
    .describe('as DATABASE_DIR, of the role that owns the schema'),
});

/**
 * The `migrate` command of a service: brings the schema up to date as its owner, grants the serving role what it needs,
 * and ends.
 */
export function migrateCommand(service: string, migrations: readonly Migration[]) {
  return async (lifecycle: Lifecycle, env: Record<string, string | undefined>): Promise<RunningService> => {
    const config = readEnvironment(Settings, env);
    const logger = createLogger({ service, level: config.LOG_LEVEL, instance: config.POD_NAME });
    const app = await readDatabaseSettings(config.DATABASE_DIR).catch(notUsable(ENV.databaseDirectory));
    const directory = config.MIGRATION_DATABASE_DIR ?? config.DATABASE_DIR;
    const database = await openDatabase(
      { directory, caFile: config.DATABASE_CA_FILE, logger },
      {
        applicationName: `cofferdam-${service}-migrate`,
        maxConnections: 1,
        statementTimeoutMs: 0,
        lockTimeoutMs: 0,
      },
    ).catch(notUsable(ENV.migrationDatabaseDirectory));
    lifecycle.onClose('database', () => database.close());
    const result = await migrate(database, { migrations, vaultId: config.VAULT_ID, appRole: app.username });
    logger.info(result, 'schema is up to date');
    return { logger, serves: false };
  };
}
