import { ChargeOutcome, PaymentStatus } from '@cofferdam/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AttemptOutcome,
  canMove,
  canSettle,
  type Finding,
  findingOf,
  nextStep,
  outcomeOf,
} from '../../src/domain/state-machine.ts';

const OUTCOMES: readonly AttemptOutcome[] = [...ChargeOutcome.options, 'pending'];
const FINAL: readonly PaymentStatus[] = ['authorized', 'captured', 'declined', 'failed'];

describe('nextStep()', () => {
  it.each([
    [['approved'], 'captured'],
    [['soft_decline', 'approved'], 'captured'],
    [['unknown'], 'unknown'],
    [['hard_decline'], 'declined'],
    [['error', 'soft_decline'], 'declined'],
    [['soft_decline', 'error'], 'declined'],
    [['error', 'error'], 'failed'],
    [['refused'], 'failed'],
    [['soft_decline', 'refused'], 'declined', 3],
    [[], 'failed', 0],
  ] satisfies [Finding[], string, number?][])(
    'after %j the payment is %s',
    (outcomes, status, candidates = 2) => {
      expect(nextStep(outcomes, candidates, 'automatic')).toEqual({ kind: 'settle', status });
    },
  );

  it.each(['cvc_unavailable', 'token_not_found', 'token_unusable'])(
    'an error %s is about the payment, and not about who was asked',
    (code) => {
      expect(findingOf({ outcome: 'error', code })).toBe('refused');
      expect(findingOf({ outcome: 'unknown', code })).toBe('unknown');
    },
  );

  it('authorizes without capturing when asked to', () => {
    expect(nextStep(['approved'], 1, 'manual')).toEqual({ kind: 'settle', status: 'authorized' });
  });

  it.each([[[]], [['soft_decline']], [['error']]] satisfies [AttemptOutcome[]][])(
    'tries the next candidate after %j',
    (outcomes) => {
      expect(nextStep(outcomes, 2, 'automatic')).toEqual({ kind: 'try', index: outcomes.length });
    },
  );

  it('never tries another while one may have charged, whatever came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 6 }),
        fc.nat(10),
        (outcomes, candidates) => {
          const step = nextStep(outcomes, candidates, 'automatic');
          const mayHaveCharged = outcomes.some((outcome) =>
            ['pending', 'approved', 'unknown'].includes(outcome),
          );
          if (mayHaveCharged || outcomes.includes('hard_decline')) expect(step.kind).not.toBe('try');
          if (step.kind === 'try') expect(step.index).toBeLessThan(candidates);
        },
      ),
    );
  });

  it('makes at most one approved attempt, whatever the PSPs answer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...ChargeOutcome.options), { minLength: 10, maxLength: 10 }),
        fc.nat(10),
        (answers, candidates) => {
          const outcomes: AttemptOutcome[] = [];
          let step = nextStep(outcomes, candidates, 'automatic');
          while (step.kind === 'try') {
            outcomes.push(answers[step.index] ?? 'error');
            step = nextStep(outcomes, candidates, 'automatic');
          }
          expect(step.kind).toBe('settle');
          const mayHaveCharged = outcomes.filter((outcome) => ['approved', 'unknown'].includes(outcome));
          expect(mayHaveCharged.length).toBeLessThanOrEqual(1);
          expect(outcomes.length).toBeLessThanOrEqual(candidates);
        },
      ),
    );
  });
});

describe('a status', () => {
  it.each(FINAL)('%s is never left', (from) => {
    for (const to of PaymentStatus.options) expect(canMove(from, to)).toBe(false);
  });

  it('is never processing again, and unknown only before it is settled', () => {
    for (const from of PaymentStatus.options) expect(canMove(from, 'processing')).toBe(false);
    expect(PaymentStatus.options.filter((from) => canMove(from, 'unknown'))).toEqual(['processing']);
  });

  it('agrees with its attempts: settling an unknown attempt moves its payment to a final status', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<AttemptOutcome>('soft_decline', 'error'), { maxLength: 3 }),
        fc.constantFrom(...ChargeOutcome.options),
        (before, settled) => {
          fc.pre(canSettle('unknown', settled));
          const outcomes = [...before, settled];
          const step = nextStep(outcomes, outcomes.length, 'automatic');
          expect(step.kind).toBe('settle');
          if (step.kind === 'settle') expect(canMove('unknown', step.status)).toBe(true);
        },
      ),
    );
  });
});

describe('an attempt', () => {
  it('is settled once, and unknown only until its PSP has said what happened', () => {
    for (const from of OUTCOMES) {
      const reachable = OUTCOMES.filter((to) => canSettle(from, to));
      if (from === 'pending') expect(reachable).toEqual(ChargeOutcome.options);
      else if (from === 'unknown')
        expect(reachable).toEqual(ChargeOutcome.options.filter((o) => o !== 'unknown'));
      else expect(reachable).toEqual([]);
    }
  });

  it.each([
    ['approved', 'yes', 'approved'],
    ['soft_decline', 'no', 'soft_decline'],
    ['error', 'no', 'error'],
    ['error', 'unknown', 'unknown'],
    ['soft_decline', 'yes', 'unknown'],
    ['approved', 'no', 'unknown'],
    ['unknown', 'no', 'unknown'],
  ] as const)('answered %s with processed %s counts as %s', (outcome, processed, expected) => {
    expect(outcomeOf({ outcome, processed })).toBe(expected);
  });
});
