import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CVCS, EXPIRY_MONTH, FIRST_EXPIRY_YEAR } from './cards.ts';
import type { Answer, Call, VaultClient } from './client.ts';
import { expiryYearOf, type Ledger, type LedgerToken, type Tokenization } from './ledger.ts';
import type { Random } from './random.ts';

export type LoaderOptions = {
  client: VaultClient;
  ledger: Ledger;
  random: Random;
  /** Of the vaults that are there now. */
  urls: () => readonly string[];
  nextNumber: () => string;
  workers: number;
  ratePerSecond: number;
  signal: AbortSignal;
};

type Sent = { answer: Answer; sentAt: number };

/** A request whose reply was lost may be given up instead of being repeated, by so many of its senders. */
const GIVES_UP = 0.1;
const SETTLE_WITHIN_MS = 90_000;

/** Callers of the vault who write down what they were promised. */
export class Loader {
  readonly #options: LoaderOptions;
  readonly #ledger: Ledger;
  readonly #random: Random;

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#random = options.random;
  }

  /** Works until `over` is aborted, and resolves when every worker has its last answer. */
  async run(over: AbortSignal): Promise<void> {
    const { workers, ratePerSecond, signal } = this.#options;
    const work = async (): Promise<void> => {
      while (!over.aborted) {
        signal.throwIfAborted();
        await this.#next();
        const pauseMs = -Math.log(1 - this.#random.next()) * ((1000 * workers) / ratePerSecond);
        await sleep(pauseMs, undefined, { signal: over }).catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
  }

  /** Asks again about everything that was given up. */
  async settle(): Promise<void> {
    const waiting = this.#ledger.unsettled.splice(0);
    await Promise.all(waiting.map((settle) => settle()));
  }

  /** In hundredths, as they come in a shop that is busier than most. */
  async #next(): Promise<void> {
    const draw = this.#random.below(100);
    if (draw < 50) return this.#create(this.#options.nextNumber(), { mayGiveUp: true });
    if (draw < 56) return this.#twins();
    if (draw < 59) {
      const freed = this.#ledger.takeFreed();
      return freed === undefined ? undefined : this.#create(freed, { mayGiveUp: false });
    }
    const token = this.#ledger.anyIdle((end) => this.#random.below(end));
    if (!token) return;
    token.isBusy = true;
    const settled = await (draw < 67
      ? this.#duplicate(token)
      : draw < 75
        ? this.#repeat(token)
        : draw < 85
          ? this.#update(token)
          : draw < 91
            ? this.#delete(token)
            : this.#reveal(token));
    token.isBusy = settled === 'given up';
  }

  async #create(number: string, { mayGiveUp }: { mayGiveUp: boolean }): Promise<void> {
    const request = this.#newRequest(number, FIRST_EXPIRY_YEAR);
    await this.#send(tokenization(request), { mayGiveUp }, async (sent) => {
      const token = this.#acknowledge(request, sent);
      const sealed = sent.answer.body['sealedCvc'];
      if (!token || request.cvc === undefined || this.#random.next() > 0.3) return;
      token.isBusy = true;
      await this.#reveal(token, { sealed: String(sealed), cvc: request.cvc });
      token.isBusy = false;
    });
  }

  /** Two requests for one new card at the same time, each under its own key. */
  async #twins(): Promise<void> {
    const number = this.#options.nextNumber();
    const requests = [FIRST_EXPIRY_YEAR, FIRST_EXPIRY_YEAR].map((year) => this.#newRequest(number, year));
    const answers = new Map<Tokenization, Sent>();
    await Promise.all(
      requests.map((request) =>
        this.#send(
          tokenization(request),
          { mayGiveUp: false },
          async (sent) => void answers.set(request, sent),
        ),
      ),
    );
    this.#ledger.counts.twins++;
    const inOrder = [...answers].toSorted(([, a], [, b]) => b.answer.status - a.answer.status);
    for (const [request, sent] of inOrder) this.#acknowledge(request, sent);
    const [one, other] = inOrder.map(([, { answer }]) => answer);
    if (!one || !other) return;
    if (one.status !== 201 || other.status !== 200 || one.body['token'] !== other.body['token'])
      this.#ledger.problem(
        `one new card, asked for twice at once: ${one.status} and ${other.status}, ${tokens(one, other)}`,
      );
  }

  async #duplicate(token: LedgerToken): Promise<unknown> {
    const request = this.#newRequest(token.number, expiryYearOf(token));
    return this.#send(tokenization(request), { mayGiveUp: true }, async ({ answer }) => {
      this.#ledger.counts.duplicates++;
      this.#answered(request.key);
      if (answer.status !== 200 || answer.body['token'] !== token.token)
        this.#ledger.problem(`the card of ${token.token} again: ${answer.status}, ${tokens(answer)}`);
    });
  }

  async #repeat(token: LedgerToken): Promise<unknown> {
    return this.#send(tokenization(token.request), { mayGiveUp: true }, async ({ answer }) => {
      this.#ledger.counts.repeatedKeys++;
      if (answer.status >= 300 || answer.body['token'] !== token.token)
        this.#ledger.problem(`the key of ${token.token} again: ${answer.status}, ${tokens(answer)}`);
    });
  }

  async #update(token: LedgerToken): Promise<unknown> {
    const expiryYear = FIRST_EXPIRY_YEAR + ((expiryYearOf(token) - FIRST_EXPIRY_YEAR + 1) % 20);
    const key = randomUUID();
    const call = {
      method: 'PATCH',
      path: `/v1/tokens/${token.token}`,
      as: 'shop',
      idempotencyKey: key,
    } as const;
    return this.#send(
      { ...call, body: { card: { expiryYear } } },
      { mayGiveUp: true },
      async ({ answer, sentAt }) => {
        if (answer.status !== 200) return this.#ledger.problem(`PATCH ${token.token}: ${describe(answer)}`);
        this.#ledger.counts.updates++;
        this.#answered(key);
        token.deeds.push({ type: 'token.updated', sentAt, acknowledgedAt: Date.now(), expiryYear });
      },
    );
  }

  async #delete(token: LedgerToken): Promise<unknown> {
    const call = { method: 'DELETE', path: `/v1/tokens/${token.token}`, as: 'shop' } as const;
    return this.#send(call, { mayGiveUp: true }, async ({ answer, sentAt }) => {
      if (answer.status !== 204) return this.#ledger.problem(`DELETE ${token.token}: ${describe(answer)}`);
      this.#ledger.counts.deletions++;
      const expiryYear = expiryYearOf(token);
      this.#ledger.delete(token, { type: 'token.deleted', sentAt, acknowledgedAt: Date.now(), expiryYear });
    });
  }

  async #reveal(token: LedgerToken, cvc?: { sealed: string; cvc: string }): Promise<void> {
    const { client, urls, ledger } = this.#options;
    const outcome = await client.reveal(urls, this.#random, token, cvc?.sealed);
    if (outcome === 'unknown') return;
    ledger.counts.reveals++;
    const card = outcome.body['card'] as { number?: string } | undefined;
    if (card?.number !== token.number) ledger.problem(`reveal of ${token.token}: ${describe(outcome)}`);
    else if (cvc && outcome.body['cvc'] !== cvc.cvc)
      ledger.problem(`the sealed CVC of ${token.token} did not open`);
  }

  /** Sends until there is an answer that says what became of it, each time to whichever vault is there. */
  async #send(
    call: Call,
    { mayGiveUp }: { mayGiveUp: boolean },
    onAnswer: (sent: Sent) => Promise<void> | void,
  ): Promise<'answered' | 'given up'> {
    const { client, urls, signal } = this.#options;
    const sentAt = Date.now();
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const there = urls();
      const answer = await client.call(there.length === 0 ? undefined : this.#random.of(there), call);
      if (answer !== 'unknown') {
        await onAnswer({ answer, sentAt });
        return 'answered';
      }
      if (there.length > 0) this.#ledger.counts.lostReplies++;
      if (Date.now() - sentAt > SETTLE_WITHIN_MS) {
        this.#ledger.problem(`${call.method} ${call.path}: no answer in ${SETTLE_WITHIN_MS / 1000} s`);
        return 'given up';
      }
      if (mayGiveUp && this.#random.next() < GIVES_UP) {
        this.#ledger.counts.givenUp++;
        this.#ledger.unsettled.push(
          async () =>
            void (await this.#send(call, { mayGiveUp: false }, (sent) => onAnswer({ ...sent, sentAt }))),
        );
        return 'given up';
      }
      await sleep(Math.min(1000, 40 * attempt), undefined, { signal });
    }
  }

  #newRequest(number: string, expiryYear: number): Tokenization {
    const cvc = this.#random.next() < 0.3 ? this.#random.of(CVCS) : undefined;
    if (cvc !== undefined) this.#ledger.counts.withCvc++;
    return { key: randomUUID(), number, expiryYear, cvc };
  }

  /** @returns the token, when it is a new one */
  #acknowledge(request: Tokenization, { answer, sentAt }: Sent): LedgerToken | undefined {
    const token = String(answer.body['token']);
    const known = this.#ledger.tokens.get(token);
    if (answer.status !== 201 && answer.status !== 200) {
      this.#ledger.problem(`POST /v1/tokens: ${describe(answer)}`);
      return undefined;
    }
    this.#answered(request.key);
    if (answer.status === 200 && known?.number === request.number) return undefined;
    if (answer.status === 200 || known) {
      this.#ledger.problem(
        `POST /v1/tokens of a new card: ${answer.status} with ${token}, which is ${known ? 'of another' : 'unknown'}`,
      );
      return undefined;
    }
    const { number, expiryYear } = request;
    const deed = { type: 'token.created', sentAt, acknowledgedAt: Date.now(), expiryYear } as const;
    const added: LedgerToken = {
      token,
      number,
      deeds: [deed],
      request,
      isBusy: false,
      reveals: { acknowledged: 0, unknown: 0 },
    };
    this.#ledger.add(added);
    return added;
  }

  #answered(key: string): void {
    this.#ledger.keys.add(key);
    this.#ledger.counts.acknowledged = this.#ledger.keys.size;
  }
}

function tokenization({ key, number, expiryYear, cvc }: Tokenization): Call {
  const card = { number, expiryMonth: EXPIRY_MONTH, expiryYear };
  const body = cvc === undefined ? { card } : { card, cvc };
  return { method: 'POST', path: '/v1/tokens', as: 'shop', idempotencyKey: key, body };
}

const tokens = (...answers: readonly Answer[]): string =>
  answers.map(({ body }) => String(body['token'] ?? body['code'])).join(' and ');

const describe = ({ status, body }: Answer): string => `${status} ${String(body['code'] ?? '')}`;
