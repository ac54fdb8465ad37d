import type { Clock } from '../engine/clock.ts';

/**
 * Asks the outside world no more often than it makes sense: a reconcile runs at every event of every pod, and KMS
 * is billed and throttled by the call. A changed question is asked at once.
 */
export function remembered<Q, A>(options: {
  clock: Clock;
  ask: (question: Q) => Promise<A>;
  /** For how long an answer holds, milliseconds. */
  holdsMs: (answer: A) => number;
}): { ask(key: string, question: Q): Promise<A>; forget(key: string): void } {
  const { clock } = options;
  const answers = new Map<string, { question: string; until: number; answer: A }>();
  return {
    async ask(key, question) {
      const text = JSON.stringify(question);
      const known = answers.get(key);
      if (known?.question === text && clock.monotonicMs() < known.until) return known.answer;
      const answer = await options.ask(question);
      answers.set(key, { question: text, until: clock.monotonicMs() + options.holdsMs(answer), answer });
      return answer;
    },
    forget(key) {
      answers.delete(key);
    },
  };
}
