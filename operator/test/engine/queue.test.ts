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

test('a look that came too early does not make failures of before forgotten', async () => {
  const clock = createManualClock();
  const failedAt: number[] = [];
  let early = false;
  const queue = createQueue({
    clock,
    random: () => 1,
    backoffBaseMs: 100,
    async work() {
      early = !early;
      if (early) return { afterMs: 10, untried: true };
      failedAt.push(clock.monotonicMs());
      throw new Error('no');
    },
  });
  queue.add('a');
  await clock.advance(1600);
  expect(failedAt).toEqual([10, 120, 330, 740, 1550]);
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

/** One worker that takes 10 ms for a key; the order in which keys are worked on. */
function slowly(workers = 1) {
  const clock = createManualClock();
  const seen: string[] = [];
  const queue = createQueue({
    clock,
    workers,
    async work(key) {
      seen.push(key);
      await clock.sleep(10);
      return undefined;
    },
  });
  return { clock, seen, queue };
}

test('what is changed goes before what is affected, retries and resyncs, each in its own order', async () => {
  const { clock, seen, queue } = slowly();
  queue.add('busy');
  queue.add('resync-1', 'resync');
  queue.add('retry', 'retry');
  queue.add('resync-2', 'resync');
  queue.add('affected', 'affected');
  queue.add('new-1');
  queue.add('new-2');
  // A resync that turns out to be a change does not wait as one.
  queue.add('resync-2', 'changed');
  await clock.advance(1_000);
  expect(seen).toEqual(['busy', 'new-1', 'new-2', 'resync-2', 'affected', 'retry', 'resync-1']);
  await queue.stop();
});

test('a new key is worked on at once while 2000 others are resynced', async () => {
  const { clock, seen, queue } = slowly();
  for (let n = 0; n < 2_000; n++) queue.add(`old-${n}`, 'resync');
  await clock.advance(5_000);
  const before = seen.length;
  queue.add('new');
  await clock.advance(20);
  expect(seen.slice(before)).toContain('new');
  expect(queue.depth).toBeGreaterThan(1_000);
  const stopped = queue.stop();
  await clock.advance(60_000);
  await stopped;
});

test('what is looked at again because it is not ready yet goes before 2000 others that are', async () => {
  const clock = createManualClock();
  const seen: string[] = [];
  const queue = createQueue({
    clock,
    workers: 1,
    async work(key) {
      seen.push(key);
      await clock.sleep(10);
      return seen.length > 1 ? undefined : { afterMs: 1_000, urgency: 'retry' };
    },
  });
  queue.add('not-ready');
  for (let n = 0; n < 2_000; n++) queue.add(`old-${n}`, 'resync');
  await clock.advance(1_040);
  expect(seen.lastIndexOf('not-ready')).toBeGreaterThan(90);
  const stopped = queue.stop();
  await clock.advance(60_000);
  await stopped;
});

test('what is new and fails once is tried again before 2000 resyncs, however long they have waited; then it has to wait', async () => {
  const clock = createManualClock();
  const failedAt: number[] = [];
  const queue = createQueue({
    clock,
    workers: 2,
    random: () => 1,
    backoffBaseMs: 1_000,
    async work(key) {
      await clock.sleep(20);
      if (key !== 'new') return undefined;
      failedAt.push(clock.monotonicMs());
      throw new Error('conflict');
    },
  });
  for (let n = 0; n < 2_000; n++) queue.add(`old-${n}`, 'resync');
  await clock.advance(29_000);
  queue.add('new');
  await clock.advance(20_000);
  const [first = 0, second = 0, third = 0] = failedAt;
  expect(first).toBeLessThan(29_100);
  expect(second - first).toBeLessThan(1_100);
  expect(third - second).toBeGreaterThan(5_000);
  const stopped = queue.stop();
  await clock.advance(60_000);
  await stopped;
});

test('the initial list is not starved by changes that never end', async () => {
  const { clock, seen, queue } = slowly();
  for (let n = 0; n < 50; n++) queue.add(`initial-${n}`, 'resync');
  // More changes than one worker can take.
  for (let n = 0; n < 5_000; n++) {
    queue.add(`change-${n}`);
    await clock.advance(8);
  }
  const initial = seen.flatMap((key, at) => (key.startsWith('initial') ? [at] : []));
  expect(initial).toHaveLength(50);
  // Ageing lets them all have their turn after half a minute, not at the end.
  expect(initial.at(-1)).toBeLessThan(3_900);
  const stopped = queue.stop();
  await clock.advance(60_000);
  await stopped;
});

test('retries that hang leave a worker for what is new', async () => {
  const clock = createManualClock();
  const seen: string[] = [];
  const queue = createQueue({
    clock,
    workers: 3,
    async work(key) {
      seen.push(key);
      await clock.sleep(key.startsWith('hangs') ? 60_000 : 1);
      return undefined;
    },
  });
  for (const key of ['hangs-1', 'hangs-2', 'hangs-3', 'hangs-4']) queue.add(key, 'retry');
  await clock.advance(100);
  queue.add('new');
  await clock.advance(100);
  expect(seen).toEqual(['hangs-1', 'hangs-2', 'new']);
  const { active, waiting } = queue.snapshot();
  expect([active.length, waiting.map(({ key, urgency }) => `${urgency} ${key}`)]).toEqual([
    2,
    ['retry hangs-3', 'retry hangs-4'],
  ]);
  await clock.advance(120_000);
  expect(seen).toHaveLength(5);
  const stopped = queue.stop();
  await clock.advance(60_000);
  await stopped;
});

test('resyncs take half of the workers, and none is kept from what is more urgent', async () => {
  const clock = createManualClock();
  const queue = createQueue({
    clock,
    workers: 5,
    async work() {
      await clock.sleep(1_000);
      return undefined;
    },
  });
  for (let n = 0; n < 10; n++) queue.add(`resync-${n}`, 'resync');
  await clock.advance(100);
  expect(queue.active).toBe(3);
  for (let n = 0; n < 10; n++) queue.add(`change-${n}`);
  await clock.advance(100);
  expect(queue.active).toBe(5);
  await clock.advance(60_000);
  expect(queue.depth + queue.active).toBe(0);
  await queue.stop();
});
