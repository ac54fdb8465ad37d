import { ProblemError } from '@cofferdam/runtime';
import { acceptedVersions } from './domain/if-match.ts';

/** @throws {ProblemError} version_mismatch */
export type Precondition = (version: number) => void;

/**
 * What a header If-Match demands of the version that is there.
 *
 * @param what has the version, for the message
 * @throws {ProblemError} invalid_request
 */
export function preconditionOf(ifMatch: string | undefined, what: string): Precondition {
  const accepted = ifMatch === undefined ? 'any' : acceptedVersions(ifMatch);
  if (accepted === undefined) {
    throw new ProblemError('invalid_request', {
      detail: 'The header If-Match must be `*` or the `ETag` of an earlier answer.',
      errors: [{ field: 'if-match', message: 'must be an entity tag' }],
    });
  }
  return (version) => {
    if (accepted === 'any' || accepted.includes(version)) return;
    throw new ProblemError('version_mismatch', {
      detail: `The ${what} is at version ${version}; read it again and decide anew.`,
    });
  };
}
