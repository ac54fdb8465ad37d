import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterBatch, afterWalk, fromTheStart, isSettled, type Walk } from '../../src/domain/rekey-walk.ts';

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000);
const begun = (total: number): Walk => ({
  startedAt: at(0),
  total,
  done: 0,
  afterToken: '',
  afterVersion: 0,
  walkStartedAt: at(0),
  walkMoved: 0,
  leftBehind: 0,
  finishedAt: undefined,
});
const shown = ({ total, done, finishedAt }: Walk) => [total, done, finishedAt !== undefined];

test('the rekey of an empty vault is finished by the first walk that is settled', () => {
  const first = afterWalk(begun(0), isSettled(begun(0), undefined), at(1));
  expect(shown(first)).toEqual([0, 0, false]);
  expect(isSettled(first, undefined)).toBe(false);
  const later = fromTheStart(first, at(121));
  expect(shown(afterWalk(later, isSettled(later, undefined), at(122)))).toEqual([0, 0, true]);
});

test('done never exceeds total, grows with the first walk only, and only a settled walk that found nothing finishes', () => {
  const batch = fc
    .record({ seen: fc.integer({ min: 1, max: 250 }), moved: fc.nat(250), leftBehind: fc.nat(2) })
    .map((one) => ({ ...one, old: one.moved + one.leftBehind }));
  fc.assert(
    fc.property(
      fc.nat(2000),
      fc.array(fc.record({ batches: fc.array(batch), settled: fc.boolean() }), { minLength: 1 }),
      (estimate, walks) => {
        let walk = begun(estimate);
        for (const [nth, { batches, settled }] of walks.entries()) {
          for (const one of batches) {
            const before = walk.done;
            walk = afterBatch(walk, { ...one, last: { token: 't', version: 1 } });
            expect(walk.done).toBe(nth === 0 ? before + one.seen : before);
            expect(walk.done).toBeLessThanOrEqual(walk.total);
          }
          const leftBehind = batches.reduce((sum, one) => sum + one.leftBehind, 0);
          expect(walk.leftBehind).toBe(leftBehind);
          walk = afterWalk(walk, settled, at(nth + 1));
          expect(walk.done).toBe(walk.total);
          const movedNone = batches.every(({ moved }) => moved === 0);
          expect(walk.finishedAt !== undefined).toBe(settled && movedNone);
          expect(walk.leftBehind).toBe(walk.finishedAt === undefined ? 0 : leftBehind);
          if (walk.finishedAt !== undefined) return;
        }
      },
    ),
  );
});
