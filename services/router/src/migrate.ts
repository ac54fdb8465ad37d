import { ENV } from '@cofferdam/contracts';
import {
  createLogger,
  type Lifecycle,
  migrate,
  openDatabase,
  type RunningService,
  readDatabaseSettings,
  StartError,
} from '@cofferdam/runtime';
import { readMigrateConfig } from './config.ts';
import { migrations } from './migrations.ts';

/** `migrate`: brings the schema up to date as its owner, grants the serving role what it needs, and ends. */
export async function runMigrations(
  lifecycle: Lifecycle,
  env: Record<string, string | undefined>,
): Promise<RunningService> {
  const config = readMigrateConfig(env);
  const logger = createLogger({ service: 'router', level: config.LOG_LEVEL, instance: config.POD_NAME });
  const directory = config.MIGRATION_DATABASE_DIR ?? config.DATABASE_DIR;
  const ca = config.DATABASE_CA_FILE === undefined ? {} : { caFile: config.DATABASE_CA_FILE };
  const app = await readDatabaseSettings(config.DATABASE_DIR).catch((error: Error) => {
    throw new StartError(`${ENV.databaseDirectory} is not usable: ${error.message}`);
  });
  const database = await openDatabase(
    { directory, ...ca, logger },
    { applicationName: 'cofferdam-router-migrate', maxConnections: 1 },
  );
  lifecycle.onClose('database', () => database.close());
  const result = await migrate(database, { migrations, vaultId: config.VAULT_ID, appRole: app.username });
  logger.info(result, 'schema is up to date');
  return { logger, serves: false };
}
