import { EventPage } from '../events.ts';
import { Token } from '../identifiers.ts';
import { CreateRevealGrant, Reveal, RevealedCard, RevealGrant } from '../reveals.ts';
import { Statusz } from '../statusz.ts';
import { CreateToken, TokenRecord } from '../tokens.ts';
import type { Api, Parameter } from './document.ts';
import { examples } from './examples.ts';
import { commonOperations, Health } from './operations.ts';
import { eventParameters, idempotencyKeyParameter, merchantParameter } from './parameters.ts';

const tokenParameter: Parameter = {
  in: 'path',
  name: 'token',
  required: true,
  description: 'The token.',
  schema: Token,
};

/** The vault's HTTP API. */
export const vaultApi: Api = {
  title: 'Cofferdam vault',
  description:
    'Keeps card numbers and hands out tokens that stand for them. Every error is an RFC 9457 problem with a stable `code`, and none ever holds card data.',
  schemas: {
    CreateToken,
    TokenRecord,
    CreateRevealGrant,
    RevealGrant,
    Reveal,
    RevealedCard,
    EventPage,
    Statusz,
    Health,
  },
  operations: [
    {
      method: 'post',
      path: '/v1/tokens',
      operationId: 'createToken',
      summary: 'Tokenize a card',
      description:
        'Encrypts and keeps the card. The answer leaves after record, audit row and event are durable. The same card of the same merchant gets the same token, unless the vault does not deduplicate.',
      permission: 'tokens:create',
      parameters: [idempotencyKeyParameter, merchantParameter],
      body: { schema: 'CreateToken', example: examples.createToken },
      answers: [
        { status: 201, description: 'A new token.', schema: 'TokenRecord', example: examples.tokenRecord },
        {
          status: 200,
          description: 'The card had a token already, or the request is a repetition.',
          schema: 'TokenRecord',
          example: examples.tokenRecord,
        },
      ],
      problems: [
        'idempotency_key_missing',
        'idempotency_key_reused',
        'request_in_progress',
        'merchant_required',
        'invalid_card_number',
        'card_expired',
        'key_unavailable',
        'database_unavailable',
      ],
    },
    {
      method: 'get',
      path: '/v1/tokens/{token}',
      operationId: 'readToken',
      summary: 'Read what a token stands for',
      description: 'Brand, BIN, last four digits and expiry; never the number.',
      permission: 'tokens:read',
      parameters: [tokenParameter, merchantParameter],
      answers: [
        { status: 200, description: 'The token.', schema: 'TokenRecord', example: examples.tokenRecord },
      ],
      problems: ['merchant_required', 'token_not_found', 'key_unavailable', 'database_unavailable'],
    },
    {
      method: 'delete',
      path: '/v1/tokens/{token}',
      operationId: 'deleteToken',
      summary: 'Delete a token and its card',
      permission: 'tokens:delete',
      parameters: [tokenParameter, merchantParameter],
      answers: [{ status: 204, description: 'It is gone.' }],
      problems: ['merchant_required', 'token_not_found', 'database_unavailable'],
    },
    {
      method: 'post',
      path: '/v1/reveal-grants',
      operationId: 'createRevealGrant',
      summary: 'Grant one workload one look at one card',
      description:
        'For the router. The grant works once, for its subject, attempt and connector, until it expires.',
      permission: 'grants:create',
      parameters: [merchantParameter],
      body: { schema: 'CreateRevealGrant', example: examples.createRevealGrant },
      answers: [
        { status: 201, description: 'The grant.', schema: 'RevealGrant', example: examples.revealGrant },
      ],
      problems: ['merchant_required', 'token_not_found', 'database_unavailable'],
    },
    {
      method: 'post',
      path: '/v1/reveals',
      operationId: 'reveal',
      summary: 'Redeem a grant',
      description:
        'For connectors, with a pod-bound service-account token that lives ten minutes at most. Audited before the answer leaves.',
      permission: 'tokens:reveal',
      body: { schema: 'Reveal', example: examples.reveal },
      answers: [{ status: 200, description: 'The card.', schema: 'RevealedCard' }],
      problems: ['grant_invalid', 'token_not_found', 'key_unavailable', 'database_unavailable'],
    },
    {
      method: 'get',
      path: '/v1/events',
      operationId: 'listEvents',
      summary: 'Read the events of tokens',
      description:
        'Oldest first, at least once; de-duplicate by `id`. The feed never steps past an event that is not yet committed.',
      permission: 'events:read',
      parameters: eventParameters,
      answers: [{ status: 200, description: 'A page.', schema: 'EventPage', example: examples.tokenEvents }],
      problems: ['invalid_request', 'database_unavailable'],
    },
    ...commonOperations,
  ],
};
