/** Services with a database of their own. */
export const SCHEMA_SERVICES = ['vault', 'router'] as const;
export type SchemaService = (typeof SCHEMA_SERVICES)[number];

/** What the code of one release does to a database, and asks of it. */
export interface CodeSchema {
  /** Newest migration that it knows. */
  readonly version: number;
  /** The oldest code (its `version`) that may use the database once these migrations have run. */
  readonly oldestCode: number;
}

export function migrationsDirectory(service: SchemaService): string {
  return `services/${service}/migrations`;
}

/** Version 1 is the outbox, which both services have from the start. */
const FIRST: CodeSchema = { version: 1, oldestCode: 1 };

/**
 * Reads the schema from a service's migrations, named `0003-rekey.sql`, whose first line is `-- oldest code: 2`.
 * @param files path -> text
 * @returns undefined when there is none, or one is not as wanted
 */
export function schemaOf(files: ReadonlyMap<string, string>): CodeSchema | undefined {
  const steps = [...files].map(([path, text]) => {
    const version = /(?:^|\/)(\d{4})-[a-z0-9-]+\.sql$/.exec(path)?.[1];
    const oldestCode = /^-- oldest code: (\d+)\r?\n/.exec(text)?.[1];
    return { version: Number(version), oldestCode: Number(oldestCode) };
  });
  const unreadable = steps.some((step) => Number.isNaN(step.version) || Number.isNaN(step.oldestCode));
  if (steps.length === 0 || unreadable) return undefined;
  const all = [FIRST, ...steps];
  return {
    version: Math.max(...all.map(({ version }) => version)),
    oldestCode: Math.max(...all.map(({ oldestCode }) => oldestCode)),
  };
}

/**
 * Whether older code may run on a database that newer releases have migrated. The schema records the highest of their
 * `oldestCode`, and a service that is older than that does not start.
 * @param since the releases that ran there after it
 */
export function allows(since: readonly CodeSchema[], older: CodeSchema): boolean {
  return since.every(({ oldestCode }) => oldestCode <= older.version);
}
