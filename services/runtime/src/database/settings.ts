import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { watchFiles } from '../files/watched-file.ts';
import type { Logger } from '../logging/logger.ts';

const Settings = z.object({
  host: z.string().min(1),
  port: z.coerce.number().int().min(1).max(65_535),
  dbname: z.string().min(1),
  username: z.string().min(1),
  password: z.string(),
});

/** Where the database is and who we are there: the keys of a CloudNativePG (or service-binding) Secret. */
export type DatabaseSettings = z.infer<typeof Settings> & { ca?: string };

const KEYS = ['host', 'port', 'dbname', 'username', 'password'] as const;

/** @throws when a key of the mounted Secret is missing or wrong; the message names it, never its value */
export function parseDatabaseSettings(contents: readonly string[]): DatabaseSettings {
  const input = Object.fromEntries(KEYS.map((key, i) => [key, contents[i]?.trim()]));
  const result = Settings.safeParse(input);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new Error(`key ${issue?.path.join('.')} of the database Secret: ${issue?.message}`);
  }
  const ca = contents[KEYS.length];
  return { ...result.data, ...(ca === undefined ? {} : { ca }) };
}

function settingsPaths(directory: string, caFile?: string | undefined): string[] {
  return [...KEYS.map((key) => join(directory, key)), ...(caFile === undefined ? [] : [caFile])];
}

export async function readDatabaseSettings(directory: string, caFile?: string): Promise<DatabaseSettings> {
  const paths = settingsPaths(directory, caFile);
  return parseDatabaseSettings(await Promise.all(paths.map((path) => readFile(path, 'utf8'))));
}

/** The settings, read again when the Secret changes (a rotated password). */
export function watchDatabaseSettings(options: {
  directory: string;
  caFile?: string | undefined;
  logger: Logger;
  intervalMs?: number;
}) {
  const paths = settingsPaths(options.directory, options.caFile);
  return watchFiles({ ...options, paths: () => paths, parse: parseDatabaseSettings });
}
