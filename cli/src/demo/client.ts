import { randomUUID } from 'node:crypto';
import {
  type Card,
  type CreatePayment,
  EventPage,
  IDEMPOTENCY_KEY_HEADER,
  Payment,
  type Problem,
  TokenRecord,
} from '@cofferdam/contracts';
import { type Agent, request } from 'undici';
import type { z } from 'zod';
import { CliError } from '../errors.ts';

export interface ShopOptions {
  vaultUrl: string;
  routerUrl: string;
  /** A JWT of the shop's identity; it says which merchant's tokens these are. */
  token: string;
  /** How the two are found and verified. */
  connections: Agent;
}

interface Init {
  method?: 'POST';
  headers?: Record<string, string>;
  body?: string;
}

/** What an application developer writes: two HTTP APIs, a bearer token and an idempotency key. */
export class Shop {
  readonly #options: ShopOptions;

  constructor(options: ShopOptions) {
    this.#options = options;
  }

  tokenize(card: Card): Promise<TokenRecord> {
    return this.#post(`${this.#options.vaultUrl}/v1/tokens`, { card }, TokenRecord);
  }

  pay(payment: CreatePayment): Promise<Payment> {
    return this.#post(`${this.#options.routerUrl}/v1/payments`, payment, Payment);
  }

  /** Both feeds, oldest first. */
  async events(): Promise<EventPage['events']> {
    const pages = await Promise.all(
      [this.#options.vaultUrl, this.#options.routerUrl].map((url) =>
        this.#send(`${url}/v1/events?limit=500`, {}, EventPage),
      ),
    );
    return pages.flatMap(({ events }) => events).sort((a, b) => a.time.localeCompare(b.time));
  }

  #post<T extends z.ZodType>(url: string, body: unknown, answer: T): Promise<z.infer<T>> {
    const headers = { 'content-type': 'application/json', [IDEMPOTENCY_KEY_HEADER]: randomUUID() };
    return this.#send(url, { method: 'POST', headers, body: JSON.stringify(body) }, answer);
  }

  async #send<T extends z.ZodType>(url: string, init: Init, answer: T): Promise<z.infer<T>> {
    const headers = { ...init.headers, authorization: `Bearer ${this.#options.token}` };
    const response = await request(url, {
      ...init,
      headers,
      dispatcher: this.#options.connections,
      signal: AbortSignal.timeout(30_000),
    });
    const body: unknown = await response.body.json();
    if (response.statusCode >= 300) {
      const { code, detail = '', errors = [] } = body as Problem;
      const fields = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
      const asked = `${init.method ?? 'GET'} ${url}`;
      throw new CliError('request_failed', `${asked}: ${response.statusCode} ${code} ${detail} ${fields}`);
    }
    return answer.parse(body);
  }
}
