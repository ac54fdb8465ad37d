import { CardBrand, OnFileReason } from '@cofferdam/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AgreementState, changeAgreement, isNumberOf } from '../../src/domain/agreement-change.ts';
import { type DefaultCause, type DefaultChoice, nextDefault } from '../../src/domain/default-credential.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const tokens = ['a', 'b', 'c'] as const;
const token = fc.constantFrom(...tokens);

describe('nextDefault()', () => {
  const cause: fc.Arbitrary<DefaultCause> = fc.oneof(
    fc.record({
      kind: fc.constant('added' as const),
      token,
      makeDefault: fc.constantFrom(true, false, undefined),
    }),
    fc.record({ kind: fc.constant('requested' as const), token: fc.option(token) }),
    fc.record({
      kind: fc.constant('removed' as const),
      tokens: fc.uniqueArray(token),
      reason: fc.constantFrom(...OnFileReason.options),
    }),
  );
  const none: DefaultChoice = { token: null, reason: null, from: null, at: null };

  it('keeps one of those on file or none, and each change says from what and why', () => {
    fc.assert(
      fc.property(fc.array(cause, { maxLength: 30 }), (causes) => {
        let current = none;
        const onFile = new Set<string>();
        for (const one of causes) {
          if (one.kind === 'requested' && one.token !== null && !onFile.has(one.token)) continue;
          if (one.kind === 'added') onFile.add(one.token);
          if (one.kind === 'removed') for (const gone of one.tokens) onFile.delete(gone);
          const next = nextDefault(current, one, NOW);
          if (next) {
            expect(next).toMatchObject({ from: current.token, at: NOW });
            expect([next.token === current.token, next.reason === null]).toEqual([false, false]);
            current = next;
          }
          expect(current.token === null || onFile.has(current.token)).toBe(true);
        }
      }),
    );
  });

  it('never passes to another credential because one has gone', () => {
    fc.assert(
      fc.property(fc.option(token), fc.uniqueArray(token), (before, gone) => {
        const next = nextDefault(
          { token: before },
          { kind: 'removed', tokens: gone, reason: 'token_deleted' },
          NOW,
        );
        const isGone = before !== null && gone.includes(before);
        expect(next?.token).toBe(isGone ? null : undefined);
      }),
    );
  });

  it.each([
    ['the first becomes it', null, undefined, 'first_credential'],
    ['the second does not', 'b', undefined, undefined],
    ['unless it is asked for', 'b', true, 'requested'],
    ['the first does not where that is asked for', null, false, undefined],
  ] as const)('of credentials put on file %s', (_what, before, makeDefault, reason) => {
    const next = nextDefault({ token: before }, { kind: 'added', token: 'a', makeDefault }, NOW);
    expect(next).toEqual(reason && { token: 'a', reason, from: before, at: NOW });
  });
});

describe('changeAgreement()', () => {
  const brand = fc.constantFrom(...CardBrand.options);
  const id = fc.constantFrom('016150703802094', 'MCC1234560101', '999999999999999');
  const wanted = fc.record(
    { networkTransactionId: id, state: fc.constant('ended' as const) },
    { requiredKeys: [] },
  );
  const fresh: AgreementState = { networkTransactionId: null, network: null, endedAt: null, endReason: null };

  it('sets an id once for a network, and nothing more once it has ended', () => {
    const steps = fc.array(fc.tuple(wanted, brand), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (all) => {
        let state = fresh;
        for (const [change, now] of all) {
          const before = state;
          const outcome = changeAgreement(before, change, { brand: now, now: NOW });
          if (!('refused' in outcome)) state = outcome.state;
          if (before.endedAt !== null) expect(state).toEqual(before);
          if (before.networkTransactionId !== null && before.network === now) {
            expect(state.networkTransactionId).toBe(before.networkTransactionId);
          }
          expect(state.networkTransactionId === null).toBe(state.network === null);
          expect(state.endedAt === null).toBe(state.endReason === null);
          if ('changed' in outcome && outcome.changed.length === 0) expect(state).toEqual(before);
        }
      }),
    );
  });

  it('takes id and end together', () => {
    const change = { networkTransactionId: 'MCC1234560101', state: 'ended' } as const;
    expect(changeAgreement(fresh, change, { brand: 'mastercard', now: NOW })).toEqual({
      changed: ['networkTransactionId', 'state'],
      state: {
        networkTransactionId: 'MCC1234560101',
        network: 'mastercard',
        endedAt: NOW,
        endReason: 'requested',
      },
    });
  });
});

describe('isNumberOf()', () => {
  const amex = { bin: '371449', lastFour: '8431' };
  it.each([
    ['371449635398431', true],
    ['371449635398432', false],
    ['016150703802094', false],
    ['371449-8431', false],
  ])('of %s is %s', (text, expected) => {
    expect(isNumberOf(amex, text)).toBe(expected);
  });
});
