import type { KeyOutcome, KeyPlan } from '../desired/key.ts';
import type { Clock, Random } from '../engine/clock.ts';
import type { KeyManagement } from './kms.ts';

export type KeyMemoryTimes = {
  /** After how long a key that was fine is asked after with one call, milliseconds. */
  fineMs: number;
  /** After how long one that was not is looked at again. */
  troubledMs: number;
  /** After how long tags, rotation and grants are looked at too. */
  wholeMs: number;
};

/**
 * At rest this is 15 calls an hour for a vault: 11 times DescribeKey alone, and one whole look of four calls. A key
 * that its own pods cannot use is looked at at once, whatever these say.
 */
export const KEY_MEMORY: KeyMemoryTimes = { fineMs: 300_000, troubledMs: 10_000, wholeMs: 3_600_000 };

export type RememberedKeys = {
  /** What was repaired is told once. */
  ask(key: string, plan: KeyPlan): Promise<KeyOutcome>;
  /** Somebody says that all is not well: look at everything with the next question. */
  doubt(key: string): void;
  forget(key: string): void;
};

type Memory = { question: string; answer: KeyOutcome; wholeAt: number; until: number; wholeUntil: number };

/** Asks KMS no more often than it makes sense; a changed question is asked at once. */
export function rememberedKeys(options: {
  keys: Pick<KeyManagement, 'ensure' | 'isUsable'>;
  guard: () => void;
  clock: Pick<Clock, 'monotonicMs'>;
  random: Random;
  times: KeyMemoryTimes;
}): RememberedKeys {
  const { keys, guard, clock, random, times } = options;
  const memories = new Map<string, Memory>();
  // Spread, so that the vaults of a cluster that was started at once do not ask at once for ever.
  const spread = (ms: number) => clock.monotonicMs() + ms * (0.8 + 0.4 * random());

  return {
    async ask(key, plan) {
      const question = JSON.stringify(plan);
      const known = memories.get(key);
      if (known?.question === question) {
        const now = clock.monotonicMs();
        if (now < known.until) return known.answer;
        const { keyArn } = known.answer;
        const mayBeBrief = keyArn !== undefined && !isTroubled(known.answer) && now < known.wholeUntil;
        if (mayBeBrief && (await keys.isUsable(plan, keyArn, guard))) {
          known.until = Math.min(spread(times.fineMs), known.wholeUntil);
          return known.answer;
        }
      }
      const outcome = await keys.ensure(plan, guard);
      const { repaired: _, ...answer } = outcome;
      memories.set(key, {
        question,
        answer,
        wholeAt: clock.monotonicMs(),
        until: spread(holdsMs(answer, times)),
        wholeUntil: spread(times.wholeMs),
      });
      return outcome;
    },
    doubt(key) {
      const known = memories.get(key);
      // Pods go on complaining while the trouble lasts, and a look that was just made has seen it.
      if (known === undefined || clock.monotonicMs() - known.wholeAt < times.troubledMs) return;
      known.until = 0;
      known.wholeUntil = 0;
    },
    forget(key) {
      memories.delete(key);
    },
  };
}

function isTroubled({ problem, merchantKeys = [] }: KeyOutcome): boolean {
  return problem !== undefined || merchantKeys.some((key) => key.problem !== undefined);
}

/** A merchant's key may be out of use for as long as its holder likes, and takes a whole look each time. */
function holdsMs(answer: KeyOutcome, { fineMs, troubledMs }: KeyMemoryTimes): number {
  if (answer.problem !== undefined) return troubledMs;
  return isTroubled(answer) ? Math.min(fineMs, 6 * troubledMs) : fineMs;
}
