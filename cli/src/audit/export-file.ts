import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { AuditRow } from '@cofferdam/contracts/audit';
import { z } from 'zod';
import { CliError } from '../errors.ts';

/** The first line of an export: what it is of. Every other line is a row as the vault sent it. */
export const ExportHeader = z.strictObject({
  export: z.strictObject({
    vaultId: z.string(),
    exportedAt: z.iso.datetime(),
    /** What was left out is in no file: only a whole trail can be verified. */
    filters: z.record(z.string(), z.string()),
  }),
});
export type ExportHeader = z.infer<typeof ExportHeader>['export'];

/** @throws CliError `usage_invalid` when the file cannot be read or is not an export */
export async function* fileLines(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path, 'utf8');
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line !== '') yield line;
    }
  } catch (error) {
    throw new CliError('usage_invalid', `${path} cannot be read: ${(error as Error).message}`, error);
  }
}

export async function readHeader(path: string): Promise<ExportHeader> {
  for await (const line of fileLines(path)) {
    const header = ExportHeader.safeParse(json(line));
    if (header.success) return header.data.export;
    break;
  }
  throw new CliError(
    'usage_invalid',
    `${path} does not begin as an export does: make one with cofferdam audit export --out ${path}`,
  );
}

/** The rows of an export. @throws CliError `usage_invalid` with the line that is none */
export async function* fileRows(path: string): AsyncGenerator<AuditRow> {
  let number = 0;
  for await (const line of fileLines(path)) {
    if (++number > 1) yield toAuditRow(line, `${path}:${number}`);
  }
}

/** @param where the line is, for the message */
export function toAuditRow(line: string, where: string): AuditRow {
  const row = AuditRow.safeParse(json(line));
  if (row.success) return row.data;
  const issue = row.error.issues[0];
  throw new CliError(
    'usage_invalid',
    `${where} is not a row of a trail: ${issue?.path.join('.') || 'line'}: ${issue?.message}`,
  );
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
