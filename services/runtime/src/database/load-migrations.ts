import { readdirSync, readFileSync } from 'node:fs';
import { indexStatements } from './index-statements.ts';
import type { Migration } from './migrations.ts';

const NO_TRANSACTION = /^-- no transaction$/m;

/**
 * Reads `0002-tokens.sql`, `0003-...` from a directory. The first line of each states `-- oldest code: <version>`; it
 * stands in a file also where the step is shared, since whoever judges a rollback reads the files and runs no code.
 * A line `-- no transaction` is for indexes of tables that are written to: each statement runs by itself.
 *
 * @param shared what steps do that several services have, by their names; their files hold comments alone
 */
export function loadMigrations(
  directory: URL,
  shared: Readonly<Record<string, string>> = {},
): readonly Migration[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const text = readFileSync(new URL(file, directory), 'utf8');
      const [, version, name] = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file) ?? [];
      const oldestCode = /^-- oldest code: (\d+)\n/.exec(text)?.[1];
      if (!version || !name || !oldestCode)
        throw new Error(`${file}: the name or its first line is not as wanted`);
      const isEmpty = text.replaceAll(/^--.*$/gm, '').trim() === '';
      const sql = shared[name];
      if (isEmpty && sql === undefined) throw new Error(`${file}: does nothing`);
      if (!isEmpty && sql !== undefined)
        throw new Error(`${file}: a shared step has no statements of its own`);
      const statements = NO_TRANSACTION.test(text) ? indexStatements(text) : (sql ?? text);
      return { version: Number(version), name, oldestCode: Number(oldestCode), sql: statements };
    });
}
