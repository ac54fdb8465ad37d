import pg from 'pg';
import type { Source } from './pan-hunter.ts';

/** Every row of every table of one database, as PostgreSQL writes it (bytes in hexadecimal), one source a table. */
export async function dumpDatabase(url: string): Promise<Source[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const sources: Source[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ line: string }>(`SELECT t::text AS line FROM ${name} AS t`);
      sources.push({ name: `table ${name}`, content: rows.map((row) => row.line).join('\n') });
    }
    return sources;
  } finally {
    await client.end();
  }
}
