import { at, type GateDecision } from './domain/gates.ts';
import { PromotionError } from './errors.ts';
import { heldBy } from './source-gates.ts';

export interface Waiting {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Called when what holds it up is another. */
  readonly progress: (line: string) => void;
}

/**
 * Asks until every gate passes, one fails that waiting does not mend, or the time is up.
 * @returns what the gates said last
 * @throws {PromotionError} one that asking again does not mend, or that nobody answers when the time is up
 */
export async function untilPassed(
  ask: () => Promise<GateDecision[]>,
  { now, stillThere }: { now: () => number; stillThere: () => Promise<void> },
  wait: Waiting | undefined,
): Promise<GateDecision[]> {
  if (wait === undefined) return ask();
  const deadlineMs = now() + wait.timeoutMs;
  const answered = <T>(question: () => Promise<T>) => untilAnswered(question, { deadlineMs, now, wait });
  let gates = await answered(ask);
  let said = '';
  for (;;) {
    const held = heldBy(gates);
    if (held === undefined || !held.mayPassLater) return gates;
    const line = `${held.gate}: ${held.evidence}`;
    if (line !== said) wait.progress(`waiting, until ${at(deadlineMs)} at most: ${line}`);
    said = line;
    const left = deadlineMs - now();
    // What would pass too late is not waited for.
    if (left <= 0 || (held.passesAtMs ?? 0) > deadlineMs) return gates;
    const untilItMayPass = Math.max(wait.intervalMs, (held.passesAtMs ?? 0) - now());
    await wait.sleep(Math.min(untilItMayPass, left));
    await answered(stillThere);
    gates = await answered(ask);
  }
}

const LONGEST_PAUSE_MS = 10 * 60_000;

/** Who waits for hours does not end with one request that nobody answers: it is asked again, less and less often. */
async function untilAnswered<T>(
  question: () => Promise<T>,
  { deadlineMs, now, wait }: { deadlineMs: number; now: () => number; wait: Waiting },
): Promise<T> {
  for (let pauseMs = wait.intervalMs; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await question();
    } catch (error) {
      const left = deadlineMs - now();
      if (!(error instanceof PromotionError && error.retryable) || left <= 0) throw error;
      const untilNextMs = Math.min(pauseMs, left);
      wait.progress(`asking again at ${at(now() + untilNextMs)}: ${error.message}`);
      await wait.sleep(untilNextMs);
    }
  }
}
