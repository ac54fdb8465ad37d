import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientConfig } from 'pg';
import type { DatabaseCredentials } from '../addons/postgres/databases.ts';

/** A database Secret as a pod finds it mounted: a file for each of its keys. */
export function writeDatabaseSecret(directory: string, credentials: DatabaseCredentials): void {
  mkdirSync(directory, { recursive: true });
  for (const [key, value] of Object.entries(credentials)) {
    writeFileSync(join(directory, key), value, { mode: 0o600 });
  }
}

/** What `new pg.Client(...)` takes to connect as the role of a Secret. */
export function connectionOf({ host, port, dbname, username, password }: DatabaseCredentials): ClientConfig {
  return { host, port: Number(port), database: dbname, user: username, password };
}
