import { AgreementId, ListAgreements, MAX_ACTIVE_AGREEMENTS } from '../agreements.ts';
import type { Operation } from './document.ts';
import { examples } from './examples.ts';
import {
  idempotencyKeyParameter,
  ifMatchParameter,
  merchantParameter,
  pathParameter,
  queryParameters,
} from './parameters.ts';

const { token } = examples.tokenRecord;
const time = '2026-11-22T12:00:00.000Z';
const terms = {
  token,
  type: 'instalment',
  initiator: 'merchant',
  amount: 2500,
  currency: 'EUR',
  instalmentCount: 4,
} as const;
const example = {
  agreement: 'agr_0123456789abcdefghjkmnpqrs',
  customer: 'cus_0123456789abcdefghjkmnpqrs',
  ...terms,
  networkTransactionId: '016150703802094',
  network: 'visa',
  state: 'active',
  version: 2,
  createdAt: time,
  updatedAt: time,
} as const;

const agreementParameter = pathParameter('agreement', AgreementId);
const WRITE = [
  'idempotency_key_missing',
  'idempotency_key_reused',
  'request_in_progress',
  'key_unavailable',
] as const;
const ANY = ['merchant_required', 'database_unavailable'] as const;
const anAgreement = { schema: 'Agreement', example } as const;

/** Stored-credential agreements. */
export const agreementOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/agreements',
    operationId: 'createAgreement',
    summary: 'Keep what the cardholder has agreed to',
    description: `On what terms a credential may be charged again: the type, who starts the payments, and the customer-initiated transaction that they all refer to. The network transaction id can come later, when that has been authorized. At most ${MAX_ACTIVE_AGREEMENTS} agreements of a credential are active.`,
    permission: 'agreements:write',
    parameters: [idempotencyKeyParameter, merchantParameter],
    body: { schema: 'CreateAgreement', example: terms },
    answers: [
      { status: 201, description: 'A new agreement, or the answer of the first request.', ...anAgreement },
    ],
    problems: [...WRITE, ...ANY, 'credential_not_found', 'agreement_limit_reached'],
  },
  {
    method: 'get',
    path: '/v1/agreements',
    operationId: 'listAgreements',
    summary: 'List agreements',
    description: 'Newest first. Follow `next` until it is absent.',
    permission: 'agreements:read',
    parameters: [
      ...queryParameters(ListAgreements, {
        after: '`next` of the page before. Without it the list begins at the newest agreement.',
        limit: 'Most agreements of a page, 1 to 200. Default 50.',
        customer: 'Agreements of this customer.',
        token: 'Agreements of this credential.',
        state: '`active` (default) or `ended`.',
      }),
      merchantParameter,
    ],
    answers: [
      { status: 200, description: 'A page.', schema: 'AgreementPage', example: { agreements: [example] } },
    ],
    problems: ['invalid_request', ...ANY],
  },
  {
    method: 'get',
    path: '/v1/agreements/{agreement}',
    operationId: 'readAgreement',
    summary: 'Read an agreement',
    description: 'As whoever charges the card needs it. It ends with its credential.',
    permission: 'agreements:read',
    parameters: [agreementParameter, merchantParameter],
    answers: [{ status: 200, description: 'The agreement.', ...anAgreement }],
    problems: ['agreement_not_found', ...ANY],
  },
  {
    method: 'patch',
    path: '/v1/agreements/{agreement}',
    operationId: 'updateAgreement',
    summary: 'Set the network transaction id of an agreement, or end it',
    permission: 'agreements:write',
    parameters: [
      agreementParameter,
      idempotencyKeyParameter,
      ifMatchParameter('agreement'),
      merchantParameter,
    ],
    body: { schema: 'UpdateAgreement', example: { networkTransactionId: '016150703802094' } },
    answers: [{ status: 200, description: 'The agreement as it is now.', ...anAgreement }],
    problems: [
      ...WRITE,
      ...ANY,
      'agreement_not_found',
      'agreement_ended',
      'network_transaction_id_set',
      'version_mismatch',
    ],
  },
];
