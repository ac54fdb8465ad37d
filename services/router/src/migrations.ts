import { loadMigrations, type Migration, OUTBOX_SHARDS, outboxMigration } from '@cofferdam/runtime';

/** The schema of the router's database, step by step. */
export const migrations: readonly Migration[] = [
  outboxMigration(1),
  ...loadMigrations(new URL('../migrations/', import.meta.url), { 'outbox-shards': OUTBOX_SHARDS }),
];
