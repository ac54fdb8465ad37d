import { CheckedCredentialResult, type CredentialResult } from '@cofferdam/contracts';
import { ProblemError, validate } from '@cofferdam/runtime';
import type { FileRow } from './read-rows.ts';

/** @throws {ProblemError} invalid_request */
export function resultOfRow({ cells }: FileRow): CredentialResult {
  if (!cells) {
    throw new ProblemError('invalid_request', {
      detail: 'The row has not as many cells as the line of names.',
    });
  }
  const { token, code, occurredAt, number } = cells;
  const card = defined({
    number,
    expiryMonth: whole(cells.expiryMonth),
    expiryYear: whole(cells.expiryYear),
  });
  const previous = defined({
    number: cells.previousNumber,
    lastFour: cells.previousLastFour,
    expiryMonth: whole(cells.previousExpiryMonth),
    expiryYear: whole(cells.previousExpiryYear),
  });
  return validate(CheckedCredentialResult, { token, code, ...defined({ occurredAt, card, previous }) });
}

/** What is none stays as it is, for the schema to refuse. */
function whole(cell: string | undefined): number | string | undefined {
  return cell !== undefined && /^[0-9]{1,4}$/.test(cell) ? Number(cell) : cell;
}

/** Without the members that are undefined; undefined when there is none left. */
function defined<T extends object>(members: T): Partial<T> | undefined {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Partial<T>);
}
