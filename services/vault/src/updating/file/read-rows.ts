import { CREDENTIAL_FILE_COLUMNS, type CredentialFileColumn, MAX_IMPORT_ROWS } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import { CsvError, type Parser, parse } from 'csv-parse';

/** A row as it stands there, counted from 1; undefined: not as many cells as the line of names. */
export interface FileRow {
  row: number;
  cells: Partial<Record<CredentialFileColumn, string>> | undefined;
}

/** Bytes and cells of a row, far more than it can need. */
const MOST_ROW_BYTES = 4096;
const MOST_CELLS = 64;

/**
 * The rows of a file of results, those of a piece at a time, as it arrives. Bytes that are no UTF-8 become a character that
 * fits into no cell, so that they are wrong in their row; what makes it unclear where a row ends ends the file, and the
 * rows before it are given.
 *
 * @throws {ProblemError} malformed_csv, body_too_large, and what the body throws
 */
export async function* readRows(body: AsyncIterable<Buffer>): AsyncGenerator<FileRow[], void> {
  const lines: string[][] = [];
  const parser = parserInto(lines);
  const rows = new Rows();
  try {
    for await (const piece of body) {
      const error = await feed(parser, piece);
      yield rows.of(lines.splice(0));
      if (error) throw error;
    }
    const error = await feed(parser, undefined);
    yield rows.of(lines.splice(0));
    if (error) throw error;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw malformed(`After row ${rows.count} it is no CSV: ${REASONS[error.code] ?? 'it cannot be read'}.`);
  } finally {
    parser.destroy();
  }
  if (!rows.haveNames) throw malformed('There is no line of names.');
}

/** Reads lines into an array: what a stream has ready is lost when a later line ends it with an error. */
function parserInto(lines: string[][]): Parser {
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MOST_ROW_BYTES,
    // That limit counts what is in the cells, and a row of empty ones would have no end.
    cast: (cell, { index }) => {
      if (index >= MOST_CELLS) throw malformed(`A row has more than ${MOST_CELLS} cells.`);
      return cell;
    },
    on_record: (line: string[]) => {
      lines.push(line);
      return null;
    },
  });
  // Each failure is the answer to what was fed.
  return parser.on('error', () => {}).resume();
}

/** @param piece undefined: there is no more */
function feed(parser: Parser, piece: Buffer | undefined): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const done = (error?: Error | null) => resolve(error ?? undefined);
    if (piece === undefined) parser.end(done);
    else parser.write(piece, done);
  });
}

/** Names the cells of rows by the first line that there is, and counts them. */
class Rows {
  #columns: readonly CredentialFileColumn[] | undefined;
  count = 0;

  get haveNames(): boolean {
    return this.#columns !== undefined;
  }

  of(lines: readonly string[][]): FileRow[] {
    const [first, ...others] = lines;
    if (first === undefined) return [];
    const rest = this.#columns === undefined ? others : lines;
    this.#columns ??= columnsOf(first);
    const columns = this.#columns;
    if (this.count + rest.length > MAX_IMPORT_ROWS) throw new ProblemError('body_too_large');
    return rest.map((cells) => ({ row: ++this.count, cells: named(columns, cells) }));
  }
}

/** Ours: the parser's messages quote the file. */
const REASONS: Partial<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: `a row is longer than ${MOST_ROW_BYTES} bytes`,
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'there is something after a closing quote',
  INVALID_OPENING_QUOTE: 'there is a quote within a cell',
};

function columnsOf(names: readonly string[]): CredentialFileColumn[] {
  const columns = names.map((name, place) => {
    const column = CREDENTIAL_FILE_COLUMNS.find((known) => known === name.trim());
    if (column === undefined) {
      throw malformed(`Column ${place + 1} is none of ${CREDENTIAL_FILE_COLUMNS.join()}.`);
    }
    return column;
  });
  if (new Set(columns).size < columns.length) throw malformed('A column stands there twice.');
  const missing = (['token', 'code'] as const).find((needed) => !columns.includes(needed));
  if (missing !== undefined) throw malformed(`The column ${missing} is missing.`);
  return columns;
}

function named(columns: readonly CredentialFileColumn[], cells: readonly string[]): FileRow['cells'] {
  if (cells.length !== columns.length) return undefined;
  return Object.fromEntries(columns.map((column, i) => [column, cells[i]]).filter(([, cell]) => cell !== ''));
}

function malformed(detail: string): ProblemError {
  return new ProblemError('malformed_csv', { detail });
}
