import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const page = fileURLToPath(new URL('../../../../docs/backup.md', import.meta.url));

/** What docs/backup.md has done after a restore and before a vault serves: the statements of its own text, so that they work. */
export function statementsAfterRestore(): string[] {
  const [, sql] = /<!-- after a restore -->\s*```sql\n(.*?)```/s.exec(readFileSync(page, 'utf8')) ?? [];
  if (sql === undefined) throw new Error(`${page} has no statements for after a restore`);
  return sql
    .split(/;\s*\n(?=\s*(?:--|\n|$|[A-Z]))/)
    .map((statement) => statement.replaceAll(/^\s*--.*$/gm, '').trim())
    .filter((statement) => statement !== '');
}

export async function runAfterRestore(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // One after another: a transaction around all would hold what one of them lets go.
    for (const statement of statementsAfterRestore()) await client.query(statement);
  } finally {
    await client.end();
  }
}
