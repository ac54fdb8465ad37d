import type { Element, ElementType } from './binary-array.ts';
import { BoundParameters, BoundStatement } from './bound-statement.ts';
import type { Statement } from './database.ts';

/** A column of rows that are sent together: its type in PostgreSQL, and its value in each row. */
export type Column<R> = {
  [T in ElementType]: {
    name: string;
    type: T;
    of: (row: R) => Element<T>;
    /** What the column really is, where no array of it is sent: `json`, `jsonb`. */
    cast?: string;
  };
}[ElementType];

/**
 * One statement that writes to many tables: a `WITH` of data-modifying steps over rows that come as arrays. Sent
 * outside a transaction it is one by itself, all of it durable or none of it, in a single round trip.
 *
 * Rows of a step are written in the order in which they are given. Two batches that touch the same rows must give them
 * in the same order (by key), and their steps too, or they may wait for each other.
 */
export class BatchStatement {
  readonly #name: string;
  readonly #steps: string[] = [];
  readonly #wanted: string[] = [];
  readonly #parameters = new BoundParameters(usualBytes);

  /** @param name of the prepared statements; those with other steps get other numbers */
  constructor(name: string) {
    this.#name = name;
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** `unnest(...)`: the rows as a table, with the columns in their order. */
  rows<R>(columns: readonly Column<R>[], rows: readonly R[]): string {
    const arrays = columns.map((column) => {
      const of = column.of as (row: R) => Element<ElementType>;
      const number = this.#parameters.add((to) => to.array(column.type, rows, of));
      return `$${number}::${column.type}[]`;
    });
    return `unnest(${arrays.join(', ')})`;
  }

  /** Adds a step and answers its name. */
  step(sql: string): string {
    const name = `step${this.#steps.length + 1}`;
    this.#steps.push(`${name} AS (${sql})`);
    return name;
  }

  insert<R>(table: string, columns: readonly Column<R>[], rows: readonly R[]): void {
    if (rows.length === 0) return;
    const names = columns.map(({ name }) => name).join(', ');
    const values = columns.map(({ name, cast }) => (cast ? `${name}::${cast}` : name)).join(', ');
    this.step(
      `INSERT INTO ${table} (${names}) SELECT ${values} FROM ${this.rows(columns, rows)} AS new (${names})`,
    );
  }

  /**
   * The step must concern so many rows. Otherwise one of them has changed since it was read, and nothing of the
   * statement is carried out: it fails with {@link ROWS_HAVE_CHANGED}.
   */
  expect(step: string, rows: number): void {
    const number = this.#parameters.add((to) => to.int64(rows));
    this.#wanted.push(`1 / ((SELECT count(*) FROM ${step}) = $${number}::bigint)::integer`);
  }

  build(): Statement {
    const text = `WITH ${this.#steps.join(',\n')}\nSELECT ${this.#wanted.join(', ') || '1'}`;
    const statement = new BoundStatement(preparedName(this.#name, text), text, this.#parameters);
    usualBytes = Math.max(statement.bytes, Math.ceil(usualBytes * 0.99));
    return statement;
  }
}

/** What batches have come to of late: room for one is made once, and not by halves. */
let usualBytes = 4096;

/** SQLSTATE `division_by_zero`: SQL has no other expression that fails when it is asked to. */
export const ROWS_HAVE_CHANGED = '22012';

// As many as there are combinations of steps, which are few.
const names = new Map<string, string>();

function preparedName(name: string, text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const next = `${name}-${names.size + 1}`;
  names.set(text, next);
  return next;
}
