import type { ProblemCode } from '@cofferdam/contracts';
import { ServiceCallError } from '@cofferdam/runtime';
import { describe, expect, it } from 'vitest';
import { resultOfFailure } from '../src/connectors.ts';

const problem = (code: ProblemCode) =>
  new ServiceCallError('problem', 'answered', {
    problem: { type: 'about:blank', title: code, status: 500, code },
  });

describe('a failed call to a connector', () => {
  it.each([
    ['was not sent', new ServiceCallError('unsent', 'ECONNREFUSED'), 'no', 'connector_unreachable'],
    ['timed out', new ServiceCallError('timeout', 'no answer'), 'unknown', 'timeout'],
    ['broke', new ServiceCallError('broken', 'reset'), 'unknown', 'connector_failed'],
    ['made no sense', new ServiceCallError('bad_answer', 'html'), 'unknown', 'connector_failed'],
    ['had an invalid grant', problem('grant_invalid'), 'no', 'grant_invalid'],
    ['had a forbidden account', problem('account_not_allowed'), 'no', 'account_not_allowed'],
    ['ended in an internal error', problem('internal_error'), 'unknown', 'connector_failed'],
    ['threw something else', new Error('?'), 'unknown', 'connector_failed'],
  ] as const)('that %s', (_name, error, processed, code) => {
    expect(resultOfFailure(error)).toEqual({
      outcome: processed === 'no' ? 'error' : 'unknown',
      processed,
      code,
    });
  });
});
