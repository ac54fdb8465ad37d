import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  afterCards,
  afterWalk,
  enter,
  type FingerprintMove,
  isKnownToAll,
  mayLockOut,
} from '../../src/domain/fingerprint-move.ts';

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000);
const begun = (total: number): FingerprintMove => ({
  generation: 1,
  startedAt: at(0),
  phase: 'adding',
  phaseSince: at(0),
  total,
  done: 0,
  afterMerchant: '',
  afterFingerprint: Buffer.alloc(0),
  walkStartedAt: at(0),
  walkMoved: 0,
  leftBehind: 0,
  finishedAt: undefined,
});
const last = { merchant: 'acme', fingerprint: Buffer.from('f') };

test('a phase is known to all after two minutes, and code of before has ten to go', () => {
  const move = begun(0);
  expect([isKnownToAll(move, at(119)), isKnownToAll(move, at(120))]).toEqual([false, true]);
  expect([mayLockOut(move, at(599)), mayLockOut(move, at(600))]).toEqual([false, true]);
});

test('only a walk that began two minutes after the switch and met no old fingerprint ends the move', () => {
  const walk = fc.record({
    waits: fc.integer({ min: 0, max: 200 }),
    old: fc.nat(2),
    bad: fc.nat(1),
    seen: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.nat(100), fc.array(walk, { minLength: 1 }), (estimate, walks) => {
      let now = 1000;
      let move = enter(begun(estimate), 'moving', at(now));
      for (const [nth, { waits, old, bad, seen }] of walks.entries()) {
        const beganAt = now;
        if (seen > 0) move = afterCards(move, { seen, old: old + bad, leftBehind: bad, last });
        now += waits;
        const before = move;
        move = afterWalk(move, at(now));
        const ends = beganAt >= 1120 && (seen === 0 || old === 0);
        expect(move.phase).toBe(ends ? 'expiring' : 'moving');
        expect(move.leftBehind).toBe(ends && seen > 0 ? bad : 0);
        expect(move.done).toBe(before.done);
        expect(move.done).toBeLessThanOrEqual(move.total);
        if (nth === 0) expect(move.total).toBe(move.done);
        expect([move.walkMoved, move.afterMerchant]).toEqual([0, '']);
        if (ends) return;
      }
    }),
  );
});
