/** One statement of a step that runs outside of a transaction. */
export interface IndexStatement {
  readonly index: string;
  readonly creates: boolean;
  readonly sql: string;
}

const CREATE = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS ([a-z0-9_]+) ON [^;]+$/;
const DROP = /^DROP INDEX CONCURRENTLY IF EXISTS ([a-z0-9_]+)$/;

/**
 * The statements of a step that is `-- no transaction`. Indexes alone, and only so that a step which was interrupted can
 * be run again from its beginning.
 *
 * @throws {Error} at another statement
 */
export function indexStatements(sql: string): IndexStatement[] {
  return sql
    .replaceAll(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim().replaceAll(/\s+/g, ' '))
    .filter((statement) => statement !== '')
    .map((statement) => {
      const created = CREATE.exec(statement)?.[1];
      const index = created ?? DROP.exec(statement)?.[1];
      if (index !== undefined) return { index, creates: created !== undefined, sql: statement };
      throw new Error(
        `outside of a transaction a step may CREATE INDEX CONCURRENTLY IF NOT EXISTS and DROP INDEX CONCURRENTLY IF EXISTS, and not: ${statement}`,
      );
    });
}
