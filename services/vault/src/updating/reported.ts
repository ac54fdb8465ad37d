import type { CredentialResult } from '@cofferdam/contracts';
import { ProblemError } from '@cofferdam/runtime';
import type { ReportedCard } from '../domain/credential-update.ts';

/** Clocks differ. */
const MOST_AHEAD_MS = 300_000;

/**
 * What a result says of the card.
 *
 * @throws {ProblemError} invalid_request when its time lies ahead: everything that comes after it would be late
 */
export function reportedOf({ code, occurredAt, card, previous }: CredentialResult, now: Date): ReportedCard {
  const time = occurredAt === undefined ? undefined : new Date(occurredAt);
  if (time !== undefined && time.getTime() > now.getTime() + MOST_AHEAD_MS) {
    throw new ProblemError('invalid_request', {
      detail: 'The result is of a time that has not come.',
      errors: [{ field: 'occurredAt', message: 'lies in the future' }],
    });
  }
  return { code, occurredAt: time, card: card ?? {}, about: previous ?? {} };
}
