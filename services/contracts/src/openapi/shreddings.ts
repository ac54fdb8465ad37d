import { ShreddingId } from '../shreddings.ts';
import type { Operation, Parameter } from './document.ts';
import { merchantParameter } from './parameters.ts';

const shreddingParameter: Parameter = {
  in: 'path',
  name: 'shredding',
  required: true,
  description: 'Chosen by the caller: `shred_` and 26 random lower-case letters and digits.',
  schema: ShreddingId,
};

const example = {
  shredding: 'shred_01k0123456789abcdefghjkmnp',
  merchant: 'acme',
  state: 'awaiting_backups',
  requestedAt: '2026-01-05T10:00:00.000Z',
  effectiveAt: '2026-01-05T10:02:00.000Z',
  keysDestroyed: 3,
  tokensErased: 812,
  completeAt: '2026-02-09T10:02:00.000Z',
} as const;

/** Crypto-shredding of a merchant. */
export const shreddingOperations: readonly Operation[] = [
  {
    method: 'put',
    path: '/v1/shreddings/{shredding}',
    operationId: 'shredMerchant',
    summary: 'Destroy every card of a merchant',
    description:
      'Destroys the wrapped data keys of the merchant, without which none of its cards can be read, and erases what was derived from them. It cannot be undone. The same id again answers how far it has come, and begins nothing.',
    permission: 'merchants:shred',
    parameters: [shreddingParameter, merchantParameter],
    body: { schema: 'CreateShredding', example: { confirmation: 'shred every card of acme' } },
    answers: [
      {
        status: 202,
        description: 'It has begun.',
        schema: 'Shredding',
        example: { ...example, state: 'closing' },
      },
      { status: 200, description: 'It was begun before.', schema: 'Shredding', example },
    ],
    problems: [
      'merchant_required',
      'invalid_request',
      'not_found',
      'request_in_progress',
      'database_unavailable',
    ],
  },
  {
    method: 'get',
    path: '/v1/shreddings/{shredding}',
    operationId: 'readShredding',
    summary: 'How far a shredding has come, and when it is complete',
    permission: 'merchants:shred',
    parameters: [shreddingParameter, merchantParameter],
    answers: [{ status: 200, description: 'The shredding.', schema: 'Shredding', example }],
    problems: ['merchant_required', 'not_found', 'database_unavailable'],
  },
];
