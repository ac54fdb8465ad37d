import { expect, test } from 'vitest';
import { runSoak, thirds } from './soak.ts';

/** `npm run bench -- soak` is the long form, in which even a slow leak shows. */
const SECONDS = 10;

test(`${SECONDS} seconds of churn with broken watches: no event missed, no connection, descriptor or memory lost`, {
  timeout: 300_000,
}, async () => {
  const { rounds, samples, comparisons, missed, writesAtRest } = await runSoak({ seconds: SECONDS });
  expect(rounds).toBeGreaterThan(0);
  expect(comparisons).toBe(2 * (rounds + 2));
  expect({ missed, writesAtRest }).toEqual({ missed: [], writesAtRest: [] });
  const descriptors = thirds(samples, 'descriptors');
  expect(descriptors.after).toBeLessThanOrEqual(descriptors.before + 10);
  const connections = thirds(samples, 'connections');
  expect(connections.before).toBeGreaterThan(0);
  expect(connections.after).toBeLessThanOrEqual(connections.before + 10);
  const heap = thirds(samples, 'heapMiB');
  expect(heap.after).toBeLessThan(heap.before + 30);
});
