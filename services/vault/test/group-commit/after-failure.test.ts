import { ProblemError } from '@cofferdam/runtime';
import { DatabaseError } from 'pg';
import { expect, it } from 'vitest';
import { failureOf } from '../../src/group-commit/after-failure.ts';

it('failureOf() tells a caller to come again where others were faster each time, and leaves all else', () => {
  for (const code of ['23505', '22012', '40001', '40P01']) {
    const error = Object.assign(new DatabaseError('', 0, 'error'), { code });
    expect(failureOf(error)).toMatchObject({ code: 'overloaded', status: 503, cause: error });
  }
  const others = [new ProblemError('database_unavailable'), new Error('a defect')];
  expect(others.map(failureOf)).toEqual(others);
});
