import { expect, test } from 'vitest';
import { needsPlayedWorkloads } from '../target-cluster.ts';
import { runWalks } from './run-walks.ts';

/** `WALK_SEED` repeats what another run has printed; `npm run bench -- specification-walk` goes further. */
const SEED = Number(process.env['WALK_SEED'] ?? Math.floor(Math.random() * 1e8));
const WALKS = 3;
const STEPS = 12;

test(`from any valid spec to any other, and back, it converges or says why not (seed ${SEED})`, {
  timeout: 600_000,
  ...needsPlayedWorkloads,
}, async () => {
  const walks = await runWalks({ walks: WALKS, steps: STEPS, seed: SEED });
  expect(
    walks.filter(({ problem, writesAtRest }) => problem !== undefined || writesAtRest.length > 0),
  ).toEqual([]);
  const steps = walks.reduce((sum, one) => sum + one.steps, 0);
  // If hardly anything were accepted, nothing would be shown.
  expect(steps).toBeGreaterThan((WALKS * STEPS) / 3);
});
