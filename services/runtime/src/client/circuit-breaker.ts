/**
 * Keeps calls away from a system that does not answer. A state, and what happens to it:
 * - `closed`: calls go out; so many failures in a row open it;
 * - `open`: none goes out until a time;
 * - `half-open`: one goes out, and its result decides.
 */
export type BreakerState =
  | { kind: 'closed'; failures: number; epoch: number }
  | { kind: 'open'; untilMs: number; openings: number; epoch: number }
  | { kind: 'half-open'; openings: number; epoch: number };

export interface BreakerRules {
  /** Failures in a row that open it. */
  failures: number;
  /** How long it is open the first time, milliseconds; doubles with each probe that fails. */
  openMs: number;
  maxOpenMs: number;
}

/** `answered` is any answer, a refusal too: the system is there. `unknown`: the call was never sent. */
export type CallResult = 'answered' | 'failed' | 'unknown';

export const CLOSED: BreakerState = { kind: 'closed', failures: 0, epoch: 0 };

/** Whether a call may go out now; the ticket belongs to its result. */
export function admit(
  state: BreakerState,
  nowMs: number,
): { state: BreakerState; ticket: number | undefined } {
  if (state.kind === 'closed') return { state, ticket: state.epoch };
  if (state.kind === 'half-open' || nowMs < state.untilMs) return { state, ticket: undefined };
  const epoch = state.epoch + 1;
  return { state: { kind: 'half-open', openings: state.openings, epoch }, ticket: epoch };
}

/** @param call `spread` is random, 0 to 1, so that many do not come back in the same moment */
export function settle(
  state: BreakerState,
  call: { ticket: number; result: CallResult; nowMs: number; spread: number },
  rules: BreakerRules,
): BreakerState {
  // A call that was sent before the breaker last changed says nothing about now.
  if (state.kind === 'open' || call.ticket !== state.epoch) return state;
  const open = (openings: number): BreakerState => {
    const lastsMs = Math.min(rules.maxOpenMs, rules.openMs * 2 ** Math.min(openings, 30));
    const untilMs = call.nowMs + lastsMs * (0.5 + call.spread / 2);
    return { kind: 'open', untilMs, openings: openings + 1, epoch: state.epoch + 1 };
  };
  if (state.kind === 'closed') {
    if (call.result === 'unknown') return state;
    if (call.result === 'answered') return { ...state, failures: 0 };
    const failures = state.failures + 1;
    return failures < rules.failures ? { ...state, failures } : open(0);
  }
  if (call.result === 'answered') return { kind: 'closed', failures: 0, epoch: state.epoch + 1 };
  if (call.result === 'failed') return open(state.openings);
  // The probe was not sent: the next one may try at once.
  return { kind: 'open', untilMs: call.nowMs, openings: state.openings, epoch: state.epoch + 1 };
}

/** Nothing was sent; `cause` is the failure that opened the breaker. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';
  /** Until a call is let through again; 0 while a probe is under way. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number, cause: unknown) {
    super('not asked: it did not answer just now', { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

export interface CircuitBreaker {
  /**
   * @param judge what an error says about the system: of the call itself (`answered`), of the system (`failed`), or
   *   nothing, because it was never asked
   * @throws {CircuitOpenError} when nothing is sent
   */
  run<T>(call: () => Promise<T>, judge: (error: unknown) => CallResult): Promise<T>;
  readonly state: BreakerState['kind'];
}

/** @param options `nowMs` is a monotonic clock */
export function createCircuitBreaker(options: {
  rules: BreakerRules;
  nowMs?: () => number;
  random?: () => number;
}): CircuitBreaker {
  const { rules, nowMs = () => performance.now(), random = Math.random } = options;
  let state = CLOSED;
  let lastFailure: unknown;
  return {
    async run(call, judge) {
      const admitted = admit(state, nowMs());
      state = admitted.state;
      const { ticket } = admitted;
      if (ticket === undefined) {
        const waitMs = state.kind === 'open' ? Math.max(0, state.untilMs - nowMs()) : 0;
        throw new CircuitOpenError(waitMs, lastFailure);
      }
      const end = (result: CallResult) => {
        state = settle(state, { ticket, result, nowMs: nowMs(), spread: random() }, rules);
      };
      try {
        const answer = await call();
        end('answered');
        return answer;
      } catch (error) {
        const result = judge(error);
        if (result === 'failed') lastFailure = error;
        end(result);
        throw error;
      }
    },
    get state() {
      return state.kind;
    },
  };
}
