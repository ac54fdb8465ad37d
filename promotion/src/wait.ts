import { at, type GateDecision } from './domain/gates.ts';
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
 */
export async function untilPassed(
  ask: () => Promise<GateDecision[]>,
  { now, stillThere }: { now: () => number; stillThere: () => Promise<void> },
  wait: Waiting | undefined,
): Promise<GateDecision[]> {
  let gates = await ask();
  if (wait === undefined) return gates;
  const deadlineMs = now() + wait.timeoutMs;
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
    await stillThere();
    gates = await ask();
  }
}
