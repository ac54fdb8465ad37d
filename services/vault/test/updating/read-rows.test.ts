import { Readable } from 'node:stream';
import { CREDENTIAL_FILE_COLUMNS } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FileRow, readRows } from '../../src/updating/file/read-rows.ts';
import { resultOfRow } from '../../src/updating/file/result-of-row.ts';

const TOKEN = 'tok_0123456789abcdefghjkmnpqrs';

/** In pieces of that many bytes, as they may come over the wire. */
function piecesOf(content: Buffer | string, size = 7): Readable {
  const bytes = Buffer.from(content);
  return Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    ),
  );
}
/** The rows that could be read, and what the file ended with. */
async function read(body: Readable): Promise<{ rows: FileRow[]; error?: unknown }> {
  const rows: FileRow[] = [];
  try {
    for await (const some of readRows(body)) rows.push(...some);
    return { rows };
  } catch (error) {
    return { rows, error };
  }
}
const malformed = (detail: string | RegExp) => ({
  error: { code: 'malformed_csv', status: 400, detail: expect.stringMatching(detail) },
});

describe('readRows()', () => {
  it('reads what is quoted, with either kind of line, a mark at the beginning, and columns in any order', async () => {
    const text = `\ufeffcode,token,occurredAt\r\nclosed,${TOKEN},"2026-11-23T12:00:00Z"\r\n\r\n"closed",${TOKEN},`;
    expect(await read(piecesOf(text))).toEqual({
      rows: [
        { row: 1, cells: { code: 'closed', token: TOKEN, occurredAt: '2026-11-23T12:00:00Z' } },
        { row: 2, cells: { code: 'closed', token: TOKEN } },
      ],
    });
  });

  it.each([
    ['nothing', '', 'no line of names'],
    ['a column that there is none of', 'token,code,4242424242424242\n', /^Column 3 is none/],
    ['a column twice', 'token,code,code\n', 'twice'],
    ['no token', 'code\n', 'token is missing'],
    ['a quote that is not closed', `token,code\n${TOKEN},"closed\n`, 'After row 0 .* not closed'],
    ['a quote within', `token,code\na,b\n${TOKEN},clo"sed\n`, 'After row 1 .* within a cell'],
    ['a quote and more', `token,code\n"${TOKEN}"x,closed\n`, 'after a closing quote'],
    ['a row without end', `token,code\n${'x'.repeat(5000)}`, 'longer than'],
  ])('refuses %s', async (_name, text, detail) => {
    const { error } = await read(piecesOf(text));
    expect({ error }).toMatchObject(malformed(detail));
    expect((error as ProblemError).detail).not.toContain('4242');
  });

  it('gives the rows before what it cannot read', async () => {
    const text = `token,code\n${`${TOKEN},closed\n`.repeat(4)}${TOKEN},"closed\n`;
    expect(await read(piecesOf(text))).toMatchObject({ rows: { length: 4 }, ...malformed('After row 4') });
  });

  it('says of a row with too few or too many cells, and of bytes that are no UTF-8, that the row is wrong', async () => {
    const text = Buffer.concat([
      Buffer.from(`token,code\n${TOKEN}\n${TOKEN},closed,x\n${TOKEN},`),
      Buffer.from([0xc0, 0xaf, 0x0a]),
      Buffer.from(`${TOKEN},\u0663\n${TOKEN},closed\n`),
    ]);
    const { rows, error } = await read(piecesOf(text));
    expect(error).toBeUndefined();
    const codes = rows.map((row) => {
      try {
        return resultOfRow({ ...row, cells: row.cells && { ...row.cells, previousLastFour: '4242' } }).code;
      } catch (problem) {
        return (problem as ProblemError).code;
      }
    });
    expect(codes).toEqual([...Array.from({ length: 4 }, () => 'invalid_request'), 'closed']);
  });

  it.each([
    ['a row', 'x', Buffer.alloc(65_536, 'x')],
    ['cells', 'x', Buffer.alloc(65_536, ',')],
    ['a quoted cell', '"', Buffer.alloc(65_536, ',\n')],
  ])('stops reading %s without end', async (_name, begin, chunk) => {
    let sent = 0;
    const endless = Readable.from(
      (function* () {
        yield Buffer.from(`token,code\n${begin}`);
        for (; sent < 400; sent++) yield chunk;
      })(),
    );
    expect(await read(endless)).toMatchObject({ error: { code: 'malformed_csv' } });
    expect(sent).toBeLessThan(40);
  });

  it('gives back whatever cells were written, however they come', async () => {
    const cell = fc.string({ unit: fc.constantFrom(...'aZ09_-:.,"\n\r \t', 'é', '💳'), maxLength: 12 });
    const column = fc.constantFrom(...CREDENTIAL_FILE_COLUMNS.filter((name) => name !== 'token'));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(column, { minLength: 1 }).map((names) => [...new Set([...names, 'code' as const])]),
        fc.array(fc.array(cell, { minLength: 10, maxLength: 10 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        async (others, values, size) => {
          const names = ['token' as const, ...others];
          const quoted = (one: string) => `"${one.replaceAll('"', '""')}"`;
          const lines = values.map((row) => names.map((_, i) => (i === 0 ? TOKEN : (row[i - 1] ?? ''))));
          const text = [names, ...lines].map((line) => line.map(quoted).join()).join('\n');
          const wanted = lines.map((line, i) => ({
            row: i + 1,
            cells: Object.fromEntries(
              names.map((name, at) => [name, line[at]]).filter(([, value]) => value !== ''),
            ),
          }));
          expect(await read(piecesOf(text, size))).toEqual({ rows: wanted });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('ends whatever bytes it is given with rows or a problem that is the caller’s, and quotes nothing of it', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .constantFrom('"', ',', '\n', '\r', '\0', '\ufeff', TOKEN, 'closed', '4242424242424242')
        .map(Buffer.from),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.boolean(), async (pieces, named) => {
        const content = Buffer.concat([Buffer.from(named ? 'token,code\n' : ''), ...pieces]);
        const { rows, error } = await read(piecesOf(content, 11));
        for (const row of rows) {
          try {
            resultOfRow(row);
          } catch (problem) {
            expect(problem).toMatchObject({ code: 'invalid_request' });
            expect(JSON.stringify(problem)).not.toContain('4242');
          }
        }
        if (error === undefined) return;
        expect(error).toBeInstanceOf(ProblemError);
        expect(error).toMatchObject({ status: 400 });
        expect((error as ProblemError).detail).not.toContain('4242');
      }),
      { numRuns: 200 },
    );
  });
});
