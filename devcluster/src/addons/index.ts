export {
  type DatabaseCredentials,
  type DatabaseName,
  type DatabaseRoles,
  provisionDatabases,
} from './postgres/databases.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './postgres/server.ts';
export { startTestPostgres } from './postgres/test-postgres.ts';
