/** What was acknowledged about a token, in the order in which it was. Times are milliseconds since 1970. */
export type Deed = {
  type: 'token.created' | 'token.updated' | 'token.deleted';
  /** Of its first sending. It was done between the two. */
  sentAt: number;
  acknowledgedAt: number;
  /** What the card's expiry year has been since. */
  expiryYear: number;
};

export type LedgerToken = {
  readonly token: string;
  readonly number: string;
  readonly deeds: Deed[];
  /** A request that asked for this token, and may be sent again. */
  readonly request: Tokenization;
  /** How often its card was shown; asked for without an answer, it may have been or not. */
  readonly reveals: { acknowledged: number; unknown: number };
  /** Somebody is at work on it. */
  isBusy: boolean;
};

/** A request under its idempotency key. */
export type Tokenization = { key: string; number: string; expiryYear: number; cvc: string | undefined };

export type LedgerCounts = Record<
  | 'acknowledged'
  | 'withCvc'
  | 'repeatedKeys'
  | 'duplicates'
  | 'twins'
  | 'updates'
  | 'deletions'
  | 'reveals'
  | 'lostReplies'
  | 'givenUp',
  number
>;

/** The loader's own record of what the vault has promised. It holds nothing that a vault could take back. */
export class Ledger {
  readonly tokens = new Map<string, LedgerToken>();
  /** Every idempotency key that was answered. */
  readonly keys = new Set<string>();
  /** Requests whose sender has given up waiting: nobody knows what became of them, until somebody asks again. */
  readonly unsettled: (() => Promise<void>)[] = [];
  /** What was answered and cannot be right. */
  readonly problems: string[] = [];
  readonly counts: LedgerCounts = {
    ...{ acknowledged: 0, withCvc: 0, repeatedKeys: 0, duplicates: 0, twins: 0 },
    ...{ updates: 0, deletions: 0, reveals: 0, lostReplies: 0, givenUp: 0 },
  };
  readonly #all: LedgerToken[] = [];
  /** Of deleted tokens, each once. */
  readonly #freed: string[] = [];

  add(token: LedgerToken): void {
    this.tokens.set(token.token, token);
    this.#all.push(token);
  }

  delete(token: LedgerToken, deed: Deed): void {
    token.deeds.push(deed);
    this.#freed.push(token.number);
  }

  /** A card number whose token is gone. */
  takeFreed(): string | undefined {
    return this.#freed.shift();
  }

  /** One that is there and that nobody is at work on; undefined when none is found quickly. */
  anyIdle(below: (end: number) => number): LedgerToken | undefined {
    for (let tries = 0; tries < 20 && this.#all.length > 0; tries++) {
      const token = this.#all[below(this.#all.length)];
      if (token && !token.isBusy && !isDeleted(token)) return token;
    }
    return undefined;
  }

  /** Names a token, and no card. */
  problem(text: string): void {
    if (this.problems.length < 50) this.problems.push(text);
  }
}

export const isDeleted = ({ deeds }: LedgerToken): boolean => deeds.at(-1)?.type === 'token.deleted';

/** What the card's expiry year has to be. */
export const expiryYearOf = ({ deeds }: LedgerToken): number => deeds.at(-1)?.expiryYear ?? 0;
