import type { Clock } from './clock.ts';
import { isKubeError, type KubeError } from './kube-error.ts';

/** What the API server refused is not sent again at once: it is still refused, and looks like a hot loop to everybody. */
export type Refusals = {
  /** The answer of last time, while it is too early to ask again. `what` says exactly what was refused. */
  standing(id: string, what: string): KubeError | undefined;
  refused(id: string, what: string, error: KubeError): void;
  forget(id: string): void;
};

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10 * 60_000;
const REMEMBERED = 10_000;

export function createRefusals(clock: Clock): Refusals {
  const known = new Map<string, { what: string; error: KubeError; waitMs: number; until: number }>();
  return {
    standing(id, what) {
      const last = known.get(id);
      return last?.what === what && clock.monotonicMs() < last.until ? last.error : undefined;
    },
    refused(id, what, error) {
      const last = known.get(id);
      const waitMs = last?.what === what ? Math.min(LONGEST_WAIT_MS, last.waitMs * 2) : FIRST_WAIT_MS;
      known.delete(id);
      known.set(id, { what, error, waitMs, until: clock.monotonicMs() + waitMs });
      const oldest = known.keys().next();
      if (known.size > REMEMBERED && !oldest.done) known.delete(oldest.value);
    },
    forget: (id) => void known.delete(id),
  };
}

/** A field that cannot be changed once it is set: a selector, a Job's template, a Service's address. */
export function isImmutableField(error: unknown): boolean {
  if (!isKubeError(error, 'invalid')) return false;
  const said = [error.message, ...(error.details.causes ?? []).map(({ message = '' }) => message)];
  return said.some((text) => /immutable|may not (be )?change|updates to .* are forbidden/i.test(text));
}
