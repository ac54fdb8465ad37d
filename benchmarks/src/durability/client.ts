import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import type { LoadSettings } from '../vault/load/phase.ts';
import type { LedgerToken } from './ledger.ts';
import type { Random } from './random.ts';

export type Answer = { status: number; body: Record<string, unknown> };

export type Call = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  as: keyof LoadSettings['tokens'];
  idempotencyKey?: string;
  body?: unknown;
};

/** What became of a call. `unknown`: no answer, or one that says that the vault cannot tell: it may have been done. */
export type Outcome = Answer | 'unknown';

const TIMEOUT_MS = 10_000;
/** Answers after which the same request may be sent again, and has to be, to know what became of it. */
const UNSETTLED = new Set([408, 409, 429, 500, 502, 503, 504]);

/** The API of whichever vault is there, as callers use it. */
export class VaultClient {
  readonly #agent: Agent;
  #settings: LoadSettings;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#agent = new Agent({
      connect: { ca: readFileSync(settings.caFile, 'utf8') },
      ...{ connectTimeout: 3000, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS },
    });
  }

  /** Tokens live ten minutes. */
  renew(settings: LoadSettings): void {
    this.#settings = settings;
  }

  async isReady(url: string): Promise<boolean> {
    try {
      const { statusCode, body } = await request(`${url}/readyz`, { dispatcher: this.#agent });
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  }

  /** Events that the broker does not have yet; undefined when the vault does not say. */
  async unpublished(url: string): Promise<number | undefined> {
    try {
      const { body } = await request(`${url}/metrics`, { dispatcher: this.#agent });
      const found = /^cofferdam_outbox_unpublished(?:\{.*\})? (\d+)/m.exec(await body.text())?.[1];
      return found === undefined ? undefined : Number(found);
    } catch {
      return undefined;
    }
  }

  /** @param url undefined when no vault is there */
  async call(url: string | undefined, { method, path, as, idempotencyKey, body }: Call): Promise<Outcome> {
    if (url === undefined) return 'unknown';
    try {
      const response = await request(`${url}${path}`, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${this.#settings.tokens[as]}`,
          'cofferdam-merchant': this.#settings.merchant,
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.body.text();
      if (UNSETTLED.has(response.statusCode)) return 'unknown';
      return { status: response.statusCode, body: text === '' ? {} : JSON.parse(text) };
    } catch {
      return 'unknown';
    }
  }

  /** The card of a token, by a grant as the router asks for it. What came of it is counted with the token. */
  async reveal(
    urls: () => readonly string[],
    random: Random,
    token: Pick<LedgerToken, 'token' | 'reveals'>,
    sealedCvc?: string,
  ): Promise<Outcome> {
    const url = (): string | undefined => (urls().length === 0 ? undefined : random.of(urls()));
    const grantee = { attemptId: `att_${signs()}`, connector: 'durability' };
    const granted = await this.call(url(), {
      ...{ method: 'POST', path: '/v1/reveal-grants', as: 'router', idempotencyKey: signs() },
      body: {
        ...{ ...grantee, token: token.token, paymentId: `pay_${signs()}` },
        ...{ subject: this.#settings.connectorSubject, purpose: 'charge', ttlSeconds: 300 },
      },
    });
    if (granted === 'unknown' || granted.status !== 201) return granted;
    const revealed = await this.call(url(), {
      ...{ method: 'POST', path: '/v1/reveals', as: 'connector', idempotencyKey: signs() },
      body: { ...grantee, grant: granted.body['grant'], ...(sealedCvc === undefined ? {} : { sealedCvc }) },
    });
    if (revealed === 'unknown') token.reveals.unknown++;
    else if (revealed.status === 200) token.reveals.acknowledged++;
    return revealed;
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

const SIGNS = '0123456789abcdefghjkmnpqrstvwxyz';

/** 26 of the signs of an id. */
export function signs(): string {
  let text = '';
  for (const byte of randomBytes(26)) text += SIGNS[byte & 31];
  return text;
}
