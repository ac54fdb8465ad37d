import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createQueue } from '../../src/engine/index.ts';
import { createManualClock } from './manual-clock.ts';

test('a key that is added twice while it waits is worked on once, and once more when added during the work', async () => {
  const clock = createManualClock();
  const seen: string[] = [];
  const queue = createQueue({
    clock,
    workers: 1,
    async work(key) {
      seen.push(key);
      await clock.sleep(10);
      return undefined;
    },
  });
  queue.add('a');
  queue.add('b');
  queue.add('b');
  queue.add('a');
  await clock.advance(100);
  expect(seen).toEqual(['a', 'b', 'a']);
  await queue.stop();
});

test('a failing key is retried with growing waits and does not hold up the others', async () => {
  const clock = createManualClock();
  const seen: [string, number][] = [];
  const queue = createQueue({
    clock,
    random: () => 1,
    backoffBaseMs: 100,
    backoffMaxMs: 400,
    async work(key) {
      seen.push([key, clock.monotonicMs()]);
      if (key === 'bad') throw new Error('no');
      return undefined;
    },
  });
  queue.add('bad');
  queue.add('good');
  await clock.advance(1500);
  expect(seen).toEqual([
    ['bad', 0],
    ['good', 0],
    ['bad', 100],
    ['bad', 300],
    ['bad', 700],
    ['bad', 1100],
    ['bad', 1500],
  ]);
  await queue.stop();
});

test('addAfter keeps the earliest of several', async () => {
  const clock = createManualClock();
  const at: number[] = [];
  const queue = createQueue({
    clock,
    async work() {
      at.push(clock.monotonicMs());
      return undefined;
    },
  });
  queue.addAfter('a', 500);
  queue.addAfter('a', 200);
  queue.addAfter('a', 900);
  await clock.advance(2000);
  expect(at).toEqual([200]);
  await queue.stop();
});

const step = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  waitMs: fc.integer({ min: 0, max: 40 }),
  later: fc.boolean(),
});

test('property: no key runs twice at once, workers are bounded, and every addition is followed by a run that starts after it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
      async (steps, workers, outcomes) => {
        const clock = createManualClock();
        const now = new Set<string>();
        const lastStart = new Map<string, number>();
        const lastAdd = new Map<string, number>();
        let runs = 0;
        let stamp = 0;
        const queue = createQueue({
          clock,
          workers,
          random: () => 0.5,
          backoffBaseMs: 10,
          async work(key) {
            expect(now.has(key)).toBe(false);
            now.add(key);
            expect(now.size).toBeLessThanOrEqual(workers);
            lastStart.set(key, ++stamp);
            const fails = outcomes[runs++ % outcomes.length] === true && runs < 12;
            await clock.sleep(15);
            now.delete(key);
            if (fails) throw new Error('fails sometimes');
            return undefined;
          },
        });
        for (const { key, waitMs, later } of steps) {
          lastAdd.set(key, ++stamp);
          if (later) queue.addAfter(key, waitMs);
          else queue.add(key);
          await clock.advance(waitMs);
        }
        await clock.advance(600_000);
        for (const [key, added] of lastAdd) expect(lastStart.get(key)).toBeGreaterThan(added);
        expect(queue.snapshot()).toEqual({ waiting: [], active: [], later: [] });
        await queue.stop();
      },
    ),
    { numRuns: 60 },
  );
});
