import type { z } from 'zod';
import { type FieldError, ProblemError } from '../errors.ts';
import { scrub } from '../logging/scrub.ts';

/**
 * Turns unknown input into a type, or answers `invalid_request` with the path of each wrong field.
 * A message says what was wanted and never repeats what was found.
 *
 * @throws {ProblemError} invalid_request
 */
export function validate<S extends z.ZodType>(schema: S, input: unknown): z.infer<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new ProblemError('invalid_request', {
    detail: 'The request does not fit its schema; `errors` names each field.',
    errors: result.error.issues.slice(0, 20).flatMap(fieldErrors),
  });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, 20)
      .map((key) => ({ field: path([...issue.path, key]), message: 'is not a known field' }));
  }
  return [{ field: path(issue.path), message: issue.message }];
}

/** Names come from the caller too: one that is long, strange or like a card number is not repeated. */
function path(segments: readonly PropertyKey[]): string {
  const names = segments.map((segment) => {
    const name = String(segment);
    return /^[A-Za-z0-9_-]{1,64}$/.test(name) && scrub(name) === name ? name : '(unprintable)';
  });
  return names.join('.') || '(body)';
}
