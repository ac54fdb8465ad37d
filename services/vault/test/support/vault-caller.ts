import { randomUUID } from 'node:crypto';
import type { Event as EventSchema } from '@cofferdam/contracts';
import type { TokenClaims } from '@cofferdam/devcluster/testing';
import type { z } from 'zod';
import { SUBJECTS, type World } from './vault-world.ts';

type Event = z.infer<typeof EventSchema>;

export interface AnswerBody {
  token: string;
  code: string;
  detail?: string;
  errors: { field: string; message: string }[];
  card: Record<string, unknown>;
  grant: string;
  events: Event[];
  next: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** What came back as JSON; the members that tests look at. */
  body: AnswerBody;
}

export interface Call {
  method?: string;
  path: string;
  body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  rawBody?: string;
  headers?: Record<string, string>;
  /** Default: the checkout of acme. */
  as?: keyof typeof SUBJECTS | TokenClaims;
  /** Instead of a signed token; empty for none. */
  authorization?: string;
}

export type Caller = (call: Call) => Promise<Answer>;

/** Calls a vault as one of the subjects; each POST gets a new idempotency key unless the call has one. */
export function callerOf(world: World, baseUrl: string): Caller {
  return async ({ method, path, body, rawBody, headers, as = 'checkout', authorization }) => {
    const claims = typeof as === 'string' ? { subject: SUBJECTS[as] } : as;
    const bearer = authorization ?? `Bearer ${await world.issuer.sign(claims)}`;
    const content = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await world.tls.fetch(new URL(path, baseUrl), {
      method: method ?? (content === undefined ? 'GET' : 'POST'),
      headers: {
        ...(bearer === '' ? {} : { authorization: bearer }),
        ...(content === undefined
          ? {}
          : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
        ...headers,
      },
      ...(content === undefined ? {} : { body: content }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as AnswerBody,
    };
  };
}

export const CARDS = {
  visa: '4242424242424242',
  mastercard: '5555555555554444',
  amex: '378282246310005',
  adyen: '4111111111111111',
  discover: '6011111111111117',
} as const;

export function card(number: string, more: Record<string, unknown> = {}) {
  return { card: { number, expiryMonth: 12, expiryYear: 2032, ...more } };
}
