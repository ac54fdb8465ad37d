import { randomInt } from 'node:crypto';
import { wholeNumber } from '../harness/whole-number.ts';

const SEEDS = { from: 0, to: 1_000_000_000 };

export const SEED_HELP = '--seed <n>   repeats a run; default: one drawn at random, which the report names';

/** @throws BenchError `usage` */
export function seedOf(given: unknown): number {
  return wholeNumber('--seed', given ?? randomInt(100_000_000), SEEDS);
}
