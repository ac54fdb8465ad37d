import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { severalAtATime } from '../../src/updating/several-at-a-time.ts';

describe('severalAtATime()', () => {
  it('answers what became of each, in their order, four at a time', async () => {
    let underWay = 0;
    let most = 0;
    const results = await severalAtATime([3, 1, 2, 5, 4, 6], async (item, place) => {
      most = Math.max(most, ++underWay);
      for (let i = 0; i < item; i++) await turn();
      underWay--;
      return `${place}:${item}`;
    });
    expect(results).toEqual(['0:3', '1:1', '2:2', '3:5', '4:4', '5:6']);
    expect(most).toBe(4);
  });

  it('begins none after one that fails, and leaves none under way', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const items = Array.from({ length: 100 }, (_, i) => i);
    const work = severalAtATime(items, async (item) => {
      begun.push(item);
      await turn();
      if (item === 1) throw new Error('failed');
      for (let i = 0; i < 5; i++) await turn();
      ended.push(item);
    });
    await expect(work).rejects.toThrow('failed');
    expect(ended).toEqual([0, 2, 3]);
    for (let i = 0; i < 20; i++) await turn();
    expect(begun).toEqual([0, 1, 2, 3]);
  });
});
