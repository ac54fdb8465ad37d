import type { Behaviour } from './magic.ts';
import { UpdaterState } from './updater/state.ts';

export const PSPS = ['stripe', 'adyen'] as const;
export type Psp = (typeof PSPS)[number];

/** `down` closes the listener (connection refused); `slow` delays and `error` fails every charge. */
export type Mode = 'up' | 'down' | 'slow' | 'error';

/** One line of what the PSP knows of a charge. Never more of a card than brand and last four. */
export interface LedgerEntry {
  readonly psp: Psp;
  /** The PSP's own id: `pi_...`, or a pspReference. */
  readonly id: string;
  readonly idempotencyKey: string | null;
  /** The caller's reference: Adyen's `reference`, Stripe's `metadata[attempt]`. */
  readonly reference: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly brand: string;
  readonly lastFour: string;
  readonly outcome: 'approved' | 'declined';
  readonly reason: string | null;
  readonly captured: boolean;
  readonly at: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface IdempotencyRecord {
  readonly fingerprint: string;
  /** Undefined while the first request is under way. */
  answer: Answer | undefined;
}

interface PspState {
  mode: Mode;
  delayMs: number;
  faults: Behaviour[];
  idempotency: Map<string, IdempotencyRecord>;
  /** Objects that can be asked for again, by id, in order of making. */
  objects: Map<string, Record<string, unknown>>;
}

/** Everything that the simulator remembers; in memory, gone with the process. */
export class SimulatorState {
  readonly ledger: LedgerEntry[] = [];
  readonly updater = new UpdaterState();
  readonly #psps: Record<Psp, PspState>;
  readonly #defaultDelayMs: number;

  constructor(defaultDelayMs: number) {
    this.#defaultDelayMs = defaultDelayMs;
    this.#psps = { stripe: this.#fresh(), adyen: this.#fresh() };
  }

  psp(psp: Psp): PspState {
    return this.#psps[psp];
  }

  /** What happens to the next charge: a queued fault first, then the mode, then what its amount asks for. */
  nextBehaviour(psp: Psp, byAmount: Behaviour | undefined): Behaviour {
    const state = this.#psps[psp];
    const fault = state.faults.shift();
    if (fault !== undefined) return fault;
    if (state.mode === 'error') return 'error-before';
    if (state.mode === 'slow') return 'slow';
    return byAmount ?? 'answer';
  }

  /** Forgets charges, keys, batches and faults. Modes go back to `up`. */
  reset(): void {
    this.ledger.length = 0;
    this.updater.reset();
    for (const psp of PSPS) this.#psps[psp] = this.#fresh();
  }

  #fresh(): PspState {
    return {
      mode: 'up',
      delayMs: this.#defaultDelayMs,
      faults: [],
      idempotency: new Map(),
      objects: new Map(),
    };
  }
}
