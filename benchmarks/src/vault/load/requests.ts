import { randomBytes } from 'node:crypto';
import { cardNumber } from './card-numbers.ts';
import type { Answer } from './connection.ts';
import type { LoadSettings } from './phase.ts';

/** A request as it goes over the wire, and what its answer has to be. */
export type Request = { text: string; isGood(answer: Answer): boolean };

export type Grant = { grant: string; attemptId: string };

const CONNECTOR = 'benchmark';

/** Makes requests of the vault's API. What does not change is put together once. */
export function requestsFor({ tokens, merchant, connectorSubject }: LoadSettings) {
  const head = (path: string, token: string): string =>
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n` +
    `cofferdam-merchant: ${merchant}\r\ncontent-type: application/json\r\n`;
  const heads = {
    tokens: head('/v1/tokens', tokens.shop),
    grants: head('/v1/reveal-grants', tokens.router),
    reveals: head('/v1/reveals', tokens.connector),
  };
  const run = randomBytes(6).toString('hex');
  let sent = 0;
  const post = (start: string, body: string): string =>
    `${start}idempotency-key: ${run}-${++sent}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

  return {
    /** @param known that the card was tokenized before: the answer is another then */
    tokenize(place: number, known: boolean): Request {
      const body = `{"card":{"number":"${cardNumber(place)}","expiryMonth":12,"expiryYear":2032}}`;
      const wanted = known ? 200 : 201;
      return { text: post(heads.tokens, body), isGood: ({ status }) => status === wanted };
    },
    grant(token: string): { request: Request; grantOf(answer: Answer): Grant } {
      const attemptId = `att_${ulid()}`;
      const body = JSON.stringify({
        ...{ token, attemptId, paymentId: `pay_${ulid()}`, connector: CONNECTOR },
        ...{ subject: connectorSubject, purpose: 'charge', ttlSeconds: 300 },
      });
      return {
        request: { text: post(heads.grants, body), isGood: ({ status }) => status === 201 },
        grantOf: ({ body }) => ({ attemptId, grant: (JSON.parse(body) as { grant: string }).grant }),
      };
    },
    reveal({ grant, attemptId }: Grant): Request {
      const body = JSON.stringify({ grant, attemptId, connector: CONNECTOR });
      return {
        text: post(heads.reveals, body),
        isGood: ({ status, body }) => status === 200 && body.includes('"number":"4'),
      };
    },
  };
}

const SIGNS = '0123456789abcdefghjkmnpqrstvwxyz';

function ulid(): string {
  let text = '';
  for (const byte of randomBytes(26)) text += SIGNS[byte & 31];
  return text;
}
