import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadMigrations } from '../../src/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrations-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function load(files: Record<string, string>, shared?: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return loadMigrations(pathToFileURL(`${directory}/`), shared);
}

it('reads steps in the order of their numbers, and what shared ones do by their names', () => {
  const own = '-- oldest code: 2\nCREATE TABLE a (id int);\n';
  const files = {
    '0003-shards.sql': '-- oldest code: 3\n-- Said elsewhere.\n',
    '0002-a.sql': own,
    'README.md': '',
  };
  expect(load(files, { shards: 'CREATE TABLE b (id int);' })).toEqual([
    { version: 2, name: 'a', oldestCode: 2, sql: own },
    { version: 3, name: 'shards', oldestCode: 3, sql: 'CREATE TABLE b (id int);' },
  ]);
});

it('reads changes of indexes, each by itself, from a step without a transaction', () => {
  const text = `-- oldest code: 2
-- no transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_id ON a (id)
  WHERE id > 0; -- those alone
DROP INDEX CONCURRENTLY IF EXISTS a_by_age;`;
  expect(load({ '0002-a.sql': text }).map(({ sql }) => sql)).toEqual([
    [
      {
        index: 'a_by_id',
        creates: true,
        sql: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_id ON a (id) WHERE id > 0',
      },
      { index: 'a_by_age', creates: false, sql: 'DROP INDEX CONCURRENTLY IF EXISTS a_by_age' },
    ],
  ]);
});

it.each([
  [
    'what cannot be begun again, outside of a transaction',
    { '0002-a.sql': '-- oldest code: 2\n-- no transaction\nCREATE INDEX CONCURRENTLY a_by_id ON a (id);' },
    'may CREATE INDEX CONCURRENTLY IF NOT EXISTS',
  ],
  ['a name without a number', { 'a.sql': '-- oldest code: 2\nSELECT 1;' }, 'not as wanted'],
  ['no word of the oldest code', { '0002-a.sql': 'SELECT 1;' }, 'not as wanted'],
  ['a step that does nothing', { '0002-a.sql': '-- oldest code: 2\n-- SELECT 1;\n' }, 'does nothing'],
  [
    'a shared step that is written again',
    { '0002-shards.sql': '-- oldest code: 2\nSELECT 1;' },
    'no statements of its own',
  ],
])('refuses %s', (_name, files, message) => {
  expect(() => load(files, { shards: 'SELECT 1' })).toThrow(message);
});
