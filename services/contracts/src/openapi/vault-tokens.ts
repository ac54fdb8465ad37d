import { z } from 'zod';
import { Bin } from '../bins.ts';
import { Token } from '../identifiers.ts';
import { ListTokens } from '../tokens-list.ts';
import type { Operation, Parameter } from './document.ts';
import { examples } from './examples.ts';
import {
  idempotencyKeyParameter,
  ifMatchParameter,
  merchantParameter,
  pathParameter,
  queryParameters,
} from './parameters.ts';

const tokenParameter = pathParameter('token', Token);

const listParameters = queryParameters(ListTokens, {
  after: '`next` of the page before. Without it the list begins at the newest token.',
  limit: 'Most tokens of a page, 1 to 200. Default 50.',
  state: '`active` (default), or `deleted` for the names of tokens that are gone.',
  cardId: 'Tokens of this card.',
  customer: 'Tokens that are on file for this customer.',
  brand: 'Tokens of cards of this brand.',
  bin: 'Tokens of cards whose number begins so.',
  lastFour: 'Tokens of cards whose number ends so.',
  cardExpiresBefore: 'Tokens of cards whose last good month is before this one, such as 2030-01.',
  createdFrom: 'Tokens made at this time (RFC 3339) or later.',
  createdBefore: 'Tokens made before this time (RFC 3339).',
});

const versionParameters: readonly Parameter[] = [
  {
    in: 'query',
    name: 'before',
    required: false,
    description: '`next` of the page before. Without it the list begins at the newest version.',
    schema: z.int().min(1),
  },
  {
    in: 'query',
    name: 'limit',
    required: false,
    description: 'Most versions of a page, 1 to 200. Default 50.',
    schema: z.int().min(1).max(200),
  },
];

const record = { schema: 'TokenRecord', example: examples.tokenRecord } as const;

const created = { schema: 'CreatedToken', example: examples.createdToken } as const;

/** What an application developer does with tokens. */
export const tokenOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/tokens',
    operationId: 'createToken',
    summary: 'Tokenize a card',
    description:
      'Encrypts and keeps the card. The answer leaves after record, audit row and event are durable. The same card of the same merchant gets the same token, unless the vault does not deduplicate. With `ttlSeconds` or `expiresAt` the token ends by itself, and its card is erased. Where several requests for a card ask for different ends, the token lives to the latest: a token without an end gets none, and one that is asked for without an end loses it.',
    permission: 'tokens:create',
    parameters: [idempotencyKeyParameter, merchantParameter],
    body: { schema: 'CreateToken', example: examples.createToken },
    answers: [
      { status: 201, description: 'A new token.', ...created },
      {
        status: 200,
        description: 'The card had a token already, or the request is a repetition.',
        ...created,
      },
    ],
    problems: [
      'idempotency_key_missing',
      'idempotency_key_reused',
      'request_in_progress',
      'merchant_required',
      'invalid_card_number',
      'card_expired',
      'integrity_error',
      'key_unavailable',
      'database_unavailable',
    ],
  },
  {
    method: 'post',
    path: '/v1/token-batches',
    operationId: 'createTokenBatch',
    summary: 'Tokenize up to 500 cards',
    description:
      'Each item is a request by itself: what becomes of one is no matter of the others, and each has its answer or its problem. An item without `idempotencyKey` is known by the header and its place. Only when every item failed for one and the same reason on our side is the batch itself answered with that problem.',
    permission: 'tokens:create',
    parameters: [{ ...idempotencyKeyParameter, required: false }, merchantParameter],
    body: { schema: 'CreateTokenBatch', example: examples.createTokenBatch },
    answers: [
      {
        status: 200,
        description: 'A result for each item.',
        schema: 'TokenBatch',
        example: examples.tokenBatch,
      },
    ],
    problems: ['merchant_required', 'key_unavailable', 'database_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/tokens',
    operationId: 'listTokens',
    summary: 'List tokens',
    description:
      'Newest first. Follow `next` until it is absent: every token that was there at the beginning is shown once, whatever is added meanwhile. A page looks through 10,000 tokens at most, so with filters it can be short, or empty, and have a `next`.',
    permission: 'tokens:list',
    parameters: [...listParameters, merchantParameter],
    answers: [{ status: 200, description: 'A page.', schema: 'TokenPage', example: examples.tokenPage }],
    problems: ['invalid_request', 'merchant_required', 'database_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/tokens/{token}',
    operationId: 'readToken',
    summary: 'Read what a token stands for',
    description: 'Brand, BIN, last four digits and expiry; never the number.',
    permission: 'tokens:read',
    parameters: [tokenParameter, merchantParameter],
    answers: [{ status: 200, description: 'The token.', ...record }],
    problems: ['merchant_required', 'token_not_found', 'database_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/tokens/{token}/versions',
    operationId: 'listTokenVersions',
    summary: 'Read what a token stood for',
    description:
      'Every change makes a version: by the merchant, or by a credential update. Numbers and holder names of before are not shown; they are kept encrypted until the token is deleted.',
    permission: 'tokens:read',
    parameters: [tokenParameter, ...versionParameters, merchantParameter],
    answers: [
      { status: 200, description: 'A page.', schema: 'TokenVersions', example: examples.tokenVersions },
    ],
    problems: ['invalid_request', 'merchant_required', 'token_not_found', 'database_unavailable'],
  },
  {
    method: 'patch',
    path: '/v1/tokens/{token}',
    operationId: 'updateToken',
    summary: 'Change expiry or holder name of a card',
    description:
      'Makes a new version of what is stored, with an audit row and the event `token.updated`. When everything is as asked already, the answer is the version that there is. With `If-Match`, only if nobody has changed it since.',
    permission: 'tokens:update',
    parameters: [tokenParameter, idempotencyKeyParameter, ifMatchParameter('token'), merchantParameter],
    body: { schema: 'UpdateToken', example: examples.updateToken },
    answers: [{ status: 200, description: 'The token as it is now.', ...record }],
    problems: [
      'idempotency_key_missing',
      'idempotency_key_reused',
      'request_in_progress',
      'merchant_required',
      'token_not_found',
      'version_mismatch',
      'card_expired',
      'integrity_error',
      'key_unavailable',
      'database_unavailable',
    ],
  },
  {
    method: 'delete',
    path: '/v1/tokens/{token}',
    operationId: 'deleteToken',
    summary: 'Delete a token and its card',
    description:
      'Erases the ciphertext and what was derived from the card for good; the name stays used, and the audit. A repetition is answered as the first request was, without an Idempotency-Key: 204 also for a token that is deleted, has ended or was shredded already. 404 is for what never was a token of this merchant.',
    permission: 'tokens:delete',
    parameters: [tokenParameter, merchantParameter],
    answers: [{ status: 204, description: 'It is gone.' }],
    problems: ['merchant_required', 'token_not_found', 'database_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/bins/{bin}',
    operationId: 'lookUpBin',
    summary: 'Look up what the first digits of a card number say',
    description:
      'Brand, lengths of the number and of the CVC, from the table of the networks that this release ships. Never send more than eight digits: paths are logged on their way.',
    permission: 'bins:read',
    parameters: [
      { in: 'path', name: 'bin', required: true, description: 'The first 6 to 8 digits.', schema: Bin },
    ],
    answers: [
      { status: 200, description: 'What is known.', schema: 'BinRecord', example: examples.binRecord },
    ],
    problems: ['invalid_request'],
  },
];
