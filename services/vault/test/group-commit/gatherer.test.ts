import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  createGatherer,
  type GroupWork,
  type Outcome,
  type Recovery,
} from '../../src/group-commit/gatherer.ts';

interface Item {
  name: string;
  keys?: string[];
}

/** Work whose batches are recorded, and wait until they are let go. */
function recorded(run: (items: readonly Item[], attempt: number) => readonly Outcome<string>[] = echo) {
  const batches: string[][] = [];
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const underWay = new Map<string, number>();
  let overlap = false;
  const work: GroupWork<Item, string, number> = {
    name: 'test',
    keysOf: ({ name, keys }) => keys ?? [name],
    afterFailure: (error) => (error as { recovery?: Recovery }).recovery ?? 'fail',
    async run(items, lane) {
      batches.push(items.map(({ name }) => name));
      const keys = items.flatMap((item) => work.keysOf(item));
      for (const key of keys) overlap ||= (underWay.get(key) ?? lane) !== lane;
      for (const key of keys) underWay.set(key, lane);
      try {
        await gate.promise;
        return run(items, batches.length);
      } finally {
        for (const key of keys) underWay.delete(key);
      }
    },
  };
  return {
    ...{ work, batches },
    /** Whether a key was ever in two lanes at a time. */
    hasOverlapped: () => overlap,
    hold: () => {
      gate = Promise.withResolvers();
      return () => gate.resolve();
    },
  };
}

const echo = (items: readonly Item[]): Outcome<string>[] => items.map(({ name }) => ({ value: name }));

function gathererOf(options: Partial<Parameters<typeof createGatherer<number>>[0]> = {}) {
  return createGatherer<number>({
    ...{ lanes: [1], maxBatch: 100, maxWaiting: 100, maxWaitMs: 1000 },
    refuse: (why) => new Error(why),
    ...options,
  });
}

class Failing extends Error {
  readonly recovery: Recovery;
  constructor(recovery: Recovery) {
    super('failed');
    this.recovery = recovery;
  }
}

describe('a gatherer', () => {
  it('carries out together what comes in one turn, and what comes while all lanes are busy', async () => {
    const { work, batches, hold } = recorded();
    const gatherer = gathererOf();
    const letGo = hold();
    const submitted = ['a', 'b', 'c'].map((name) => gatherer.submit(work, { name }));
    await sleep(5);
    submitted.push(...['d', 'e'].map((name) => gatherer.submit(work, { name })));
    await sleep(5);
    expect([batches, gatherer.waiting]).toEqual([[['a', 'b', 'c']], 2]);
    letGo();
    expect(await Promise.all(submitted)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });

  it('has no more batches under way than lanes, and none larger than it may be', async () => {
    const { work, batches, hold } = recorded();
    const gatherer = gathererOf({ lanes: [1, 2], maxBatch: 2 });
    const letGo = hold();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const submitted = names.map((name) => gatherer.submit(work, { name }));
    await sleep(5);
    expect(batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    letGo();
    expect(await Promise.all(submitted)).toEqual(names);
  });

  it('begins another batch beside one under way when enough wait, or one has waited for long enough', async () => {
    const { work, batches, hold } = recorded();
    let now = 0;
    const gatherer = gathererOf({ lanes: [1, 2, 3], besides: { enough: 2, patienceMs: 50 }, now: () => now });
    const letGo = hold();
    const submit = (name: string) => gatherer.submit(work, { name });
    const submitted = [submit('a')];
    await vi.waitFor(() => expect(batches).toEqual([['a']]), { timeout: 20_000 });
    submitted.push(submit('b'));
    await sleep(5);
    expect([batches.length, gatherer.waiting]).toEqual([1, 1]);
    submitted.push(submit('c'));
    await vi.waitFor(() => expect(batches).toEqual([['a'], ['b', 'c']]), { timeout: 20_000 });
    submitted.push(submit('d'));
    now += 50;
    await vi.waitFor(() => expect(batches).toEqual([['a'], ['b', 'c'], ['d']]), { timeout: 20_000 });
    letGo();
    expect(await Promise.all(submitted)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not let anybody wait where nothing is under way', async () => {
    const { work, batches } = recorded();
    const gatherer = gathererOf({ lanes: [1, 2], besides: { enough: 100, patienceMs: 1e9 } });
    for (const name of ['a', 'b']) expect(await gatherer.submit(work, { name })).toBe(name);
    expect(batches).toEqual([['a'], ['b']]);
  });

  it('puts equal keys into one batch in their order, and none into another lane meanwhile', async () => {
    const { work, batches, hold } = recorded();
    const gatherer = gathererOf({ lanes: [1, 2] });
    const letGo = hold();
    const first = [
      gatherer.submit(work, { name: 'a', keys: ['k'] }),
      gatherer.submit(work, { name: 'b', keys: ['k'] }),
    ];
    await sleep(5);
    const later = [
      gatherer.submit(work, { name: 'c', keys: ['k', 'l'] }),
      gatherer.submit(work, { name: 'd', keys: ['l'] }), // waits for c, which waits for a and b
      gatherer.submit(work, { name: 'e', keys: ['m'] }),
    ];
    await sleep(5);
    expect(batches).toEqual([['a', 'b'], ['e']]);
    letGo();
    expect(await Promise.all([...first, ...later])).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(batches.at(-1)).toEqual(['c', 'd']);
  });

  it('has batches of one kind of work', async () => {
    const [one, other] = [recorded(), recorded()];
    const gatherer = gathererOf();
    await Promise.all([
      gatherer.submit(one.work, { name: 'a' }),
      gatherer.submit(other.work, { name: 'b' }),
      gatherer.submit(one.work, { name: 'c' }),
    ]);
    expect([one.batches, other.batches]).toEqual([[['a', 'c']], [['b']]]);
  });

  it('takes one that is not ready into a later batch, and fails it with what it waited for', async () => {
    const ready = Promise.withResolvers<void>();
    let turns = 0;
    const { work, batches } = recorded((items) =>
      items.map(({ name }) => {
        if (name === 'never') return { again: () => Promise.reject(new Error('no key')) };
        if (name === 'later' && turns++ === 0) return { again: () => ready.promise };
        return { value: name };
      }),
    );
    const gatherer = gathererOf();
    const later = gatherer.submit(work, { name: 'later' });
    const never = gatherer.submit(work, { name: 'never' });
    await expect(never).rejects.toThrow('no key');
    expect(await gatherer.submit(work, { name: 'other' })).toBe('other');
    ready.resolve();
    expect(await later).toBe('later');
    expect(batches).toEqual([['later', 'never'], ['other'], ['later']]);
  });

  it('begins what an item waits for when its batch is over, and not at all when that is tried again', async () => {
    const order: string[] = [];
    let batch = 0;
    const work: GroupWork<string, string, number> = {
      name: 'test',
      keysOf: (name) => [name],
      afterFailure: () => ({ again: 0 }),
      async run(items) {
        const outcomes = items.map((name): Outcome<string> => {
          if (name !== 'later' || batch > 1) return { value: name };
          return {
            again: async () => {
              order.push('wait');
              throw new Error('no key');
            },
          };
        });
        await sleep(2);
        order.push(`batch ${++batch}`);
        if (batch === 1) throw new Error('overtaken');
        return outcomes;
      },
    };
    const gatherer = gathererOf();
    const later = gatherer.submit(work, 'later');
    const other = gatherer.submit(work, 'other');
    await expect(later).rejects.toThrow('no key');
    expect(await other).toBe('other');
    expect(order).toEqual(['batch 1', 'batch 2', 'wait']);
  });

  it('finds the one that makes a batch fail, and carries out the others', async () => {
    const { work } = recorded((items) => {
      if (items.some(({ name }) => name === 'bad')) throw new Failing('apart');
      return echo(items);
    });
    const gatherer = gathererOf();
    const names = ['a', 'b', 'bad', 'c', 'd'];
    const results = await Promise.allSettled(names.map((name) => gatherer.submit(work, { name })));
    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    ]);
  });

  it('tries the same again, and gives it up for those whose time is over', async () => {
    let clock = 0;
    const { work, batches } = recorded((items, attempt) => {
      clock += 600;
      if (attempt < 3) throw new Failing({ again: 1 });
      return echo(items);
    });
    const gatherer = gathererOf({ now: () => clock });
    const early = gatherer.submit(work, { name: 'early' });
    clock = 500;
    const late = gatherer.submit(work, { name: 'late' });
    await expect(early).rejects.toThrow('failed'); // after 1100, with a second try behind it
    expect(await late.catch((error: Error) => error.message)).toBe('failed'); // after 1700
    expect(batches).toEqual([['early', 'late'], ['late']]);
  });

  it('says what it is told to say of a failure, also to those whose time is over', async () => {
    let now = 0;
    const { work } = recorded(() => {
      now += 2000;
      throw new Failing({ again: 0 });
    });
    const gatherer = gathererOf({ now: () => now, failure: (cause) => new Error('try later', { cause }) });
    await expect(gatherer.submit(work, { name: 'a' })).rejects.toThrow('try later');
    const failing = recorded(() => {
      throw new Failing('apart');
    });
    await expect(gatherer.submit(failing.work, { name: 'b' })).rejects.toThrow('try later');
  });

  it('does not try the halves of a batch for those whose time is over', async () => {
    let clock = 0;
    const { work, batches } = recorded(() => {
      clock += 600;
      throw new Failing('apart');
    });
    const gatherer = gathererOf({ now: () => clock });
    const names = Array.from({ length: 64 }, (_, i) => String(i));
    const results = await Promise.allSettled(names.map((name) => gatherer.submit(work, { name })));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(batches.map(({ length }) => length)).toEqual([64, 32]);
  });

  it('refuses more when too many wait for something else', async () => {
    const ready = Promise.withResolvers<void>();
    let isReady = false;
    const { work } = recorded((items) =>
      isReady ? echo(items) : items.map(() => ({ again: () => ready.promise })),
    );
    const gatherer = gathererOf({ maxWaiting: 2 });
    const putOff = ['a', 'b'].map((name) => gatherer.submit(work, { name }));
    await sleep(5);
    await expect(gatherer.submit(work, { name: 'c' })).rejects.toThrow('full');
    isReady = true;
    ready.resolve();
    expect(await Promise.all(putOff)).toEqual(['a', 'b']);
    expect(await gatherer.submit(work, { name: 'd' })).toBe('d');
  });

  it('refuses what is too much at once, and what has waited too long', async () => {
    const { work, hold } = recorded();
    const gatherer = gathererOf({ maxWaiting: 2, maxWaitMs: 40 });
    const letGo = hold();
    const first = gatherer.submit(work, { name: 'a' });
    await sleep(5);
    const waiting = ['b', 'c'].map((name) => gatherer.submit(work, { name }));
    await expect(gatherer.submit(work, { name: 'd' })).rejects.toThrow('full');
    await Promise.all(waiting.map((item) => expect(item).rejects.toThrow('late')));
    letGo();
    expect(await first).toBe('a');
    expect(await gatherer.submit(work, { name: 'e' })).toBe('e');
  });

  it('is drained when nothing waits and nothing is under way', async () => {
    const { work, hold } = recorded();
    const gatherer = gathererOf();
    await gatherer.drain();
    const letGo = hold();
    const done: string[] = [];
    const first = gatherer.submit(work, { name: 'a' }).then(() => done.push('a'));
    const drained = gatherer.drain().then(() => done.push('drained'));
    await sleep(5);
    expect(done).toEqual([]);
    letGo();
    await Promise.all([first, drained]);
    expect(done.toSorted()).toEqual(['a', 'drained']);
  });

  it('answers each item exactly once and never has a key in two lanes, whatever comes when', async () => {
    const keys = fc.uniqueArray(fc.constantFrom('k', 'l', 'm', 'n'), { minLength: 1, maxLength: 2 });
    const fate = fc.constantFrom('ok', 'ok', 'ok', 'again', 'bad');
    const items = fc.array(fc.record({ keys, fate, afterMs: fc.nat(2) }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        items,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 5 }),
        async (given, lanes, maxBatch) => {
          const putOff = new Set<string>();
          const { work, hasOverlapped } = recorded((batch) => {
            if (batch.some(({ name }) => given[Number(name)]?.fate === 'bad')) throw new Failing('apart');
            return batch.map(({ name }) => {
              if (given[Number(name)]?.fate !== 'again' || putOff.has(name)) return { value: name };
              putOff.add(name);
              return { again: () => sleep(1) };
            });
          });
          const gatherer = gathererOf({ lanes: Array.from({ length: lanes }, (_, i) => i), maxBatch });
          const results = await Promise.allSettled(
            given.map(async ({ keys, afterMs }, i) => {
              await sleep(afterMs);
              return gatherer.submit(work, { name: String(i), keys });
            }),
          );
          await gatherer.drain();
          expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed'))).toEqual(
            given.map(({ fate }, i) => (fate === 'bad' ? 'failed' : String(i))),
          );
          expect(hasOverlapped()).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  });
});
