import { expect, it } from 'vitest';
import { Novelty } from '../../src/group-commit/novelty.ts';

it('Novelty takes what comes for new after a streak of what was, and looks again after the first that was not', () => {
  const novelty = new Novelty();
  novelty.seen(500, 0);
  expect(novelty.isLikely).toBe(false);
  novelty.seen(12, 0);
  expect(novelty.isLikely).toBe(true);
  novelty.seen(12, 1);
  expect(novelty.isLikely).toBe(false);
  novelty.seen(512, 0);
  novelty.doubt();
  expect(novelty.isLikely).toBe(false);
});
