import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AwsError, type AwsErrorCode } from './aws-error.ts';

/** One fault that tests order: what goes wrong with an operation, and how often. */
export const Fault = z.strictObject({
  /** Name of a KMS operation or STS action, or `*`. */
  operation: z.string(),
  /** Waits so long before anything else. */
  latencyMs: z.int().min(0).max(600_000).optional(),
  /** Answers this error instead of a result. */
  error: z.strictObject({ type: z.string(), message: z.string().optional() }).optional(),
  /** Closes the connection instead of answering: `before` or `after` the operation was carried out. */
  drop: z.enum(['before', 'after']).optional(),
  /** After so many calls the fault is over. Default: until it is taken back. */
  times: z.int().min(1).optional(),
});
export type Fault = z.infer<typeof Fault>;

/** The body of `POST /faults`: replaces what was ordered before; an empty list ends it all. */
export const FaultOrder = z.strictObject({ faults: z.array(Fault) });

/** Thrown to close the connection without an answer. */
export class DropConnection extends Error {}

export class Faults {
  #ordered: Fault[] = [];

  replace(faults: readonly Fault[]): void {
    this.#ordered = faults.map((fault) => ({ ...fault }));
  }

  list(): readonly Fault[] {
    return this.#ordered;
  }

  /** Carries an operation out with the first fault that names it. */
  async around<Result>(operation: string, carryOut: () => Promise<Result>): Promise<Result> {
    const fault = this.#take(operation);
    if (fault?.latencyMs !== undefined) await sleep(fault.latencyMs);
    if (fault?.drop === 'before') throw new DropConnection(`fault: ${operation} dropped before`);
    if (fault?.error !== undefined)
      throw new AwsError(
        fault.error.type as AwsErrorCode,
        fault.error.message ?? 'A fault that was ordered.',
      );
    const result = await carryOut();
    if (fault?.drop === 'after') throw new DropConnection(`fault: ${operation} dropped after`);
    return result;
  }

  #take(operation: string): Fault | undefined {
    const fault = this.#ordered.find((one) => one.operation === operation || one.operation === '*');
    if (fault?.times !== undefined) {
      fault.times -= 1;
      if (fault.times === 0) this.#ordered = this.#ordered.filter((one) => one !== fault);
    }
    return fault;
  }
}
