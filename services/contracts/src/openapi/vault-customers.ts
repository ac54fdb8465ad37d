import { DeleteCustomer, ListCustomers, MAX_CREDENTIALS } from '../customers.ts';
import { CustomerId, Token } from '../identifiers.ts';
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
const customer = 'cus_0123456789abcdefghjkmnpqrs';
const time = '2026-11-22T12:00:00.000Z';
const record = {
  customer,
  reference: 'user-812',
  defaultCredential: token,
  defaultChange: { reason: 'first_credential', at: time },
  version: 2,
  createdAt: time,
  updatedAt: time,
} as const;
const credential = { ...examples.tokenRecord, customer, isDefault: true, addedAt: time } as const;

const customerParameter = pathParameter('customer', CustomerId);
const tokenParameter = pathParameter('token', Token);
const WRITE = ['idempotency_key_missing', 'idempotency_key_reused', 'request_in_progress'] as const;
const ANY = ['merchant_required', 'database_unavailable'] as const;
const aCustomer = { schema: 'Customer', example: record } as const;
const aCredential = { schema: 'Credential', example: credential } as const;

/** Card on file: customers, and the credentials that are on file for them. */
export const customerOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/customers',
    operationId: 'createCustomer',
    summary: 'Make a customer to keep cards on file for',
    permission: 'customers:write',
    parameters: [idempotencyKeyParameter, merchantParameter],
    body: { schema: 'CreateCustomer', example: { reference: 'user-812' } },
    answers: [
      {
        status: 201,
        description: 'A new customer, or the answer of the first request.',
        schema: 'Customer',
        example: { customer, reference: 'user-812', version: 1, createdAt: time, updatedAt: time },
      },
    ],
    problems: [...WRITE, ...ANY, 'customer_reference_taken', 'key_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/customers',
    operationId: 'listCustomers',
    summary: 'List customers',
    description: 'Newest first. Follow `next` until it is absent.',
    permission: 'customers:read',
    parameters: [
      ...queryParameters(ListCustomers, {
        after: '`next` of the page before. Without it the list begins at the newest customer.',
        limit: 'Most customers of a page, 1 to 200. Default 50.',
        reference: 'The customer of this reference.',
      }),
      merchantParameter,
    ],
    answers: [
      { status: 200, description: 'A page.', schema: 'CustomerPage', example: { customers: [record] } },
    ],
    problems: ['invalid_request', ...ANY],
  },
  {
    method: 'get',
    path: '/v1/customers/{customer}',
    operationId: 'readCustomer',
    summary: 'Read a customer',
    permission: 'customers:read',
    parameters: [customerParameter, merchantParameter],
    answers: [{ status: 200, description: 'The customer.', ...aCustomer }],
    problems: ['customer_not_found', ...ANY],
  },
  {
    method: 'patch',
    path: '/v1/customers/{customer}',
    operationId: 'updateCustomer',
    summary: 'Change the reference or the default credential of a customer',
    permission: 'customers:write',
    parameters: [customerParameter, idempotencyKeyParameter, ifMatchParameter('customer'), merchantParameter],
    body: { schema: 'UpdateCustomer', example: { defaultCredential: token } },
    answers: [{ status: 200, description: 'The customer as it is now.', ...aCustomer }],
    problems: [
      ...WRITE,
      ...ANY,
      'customer_not_found',
      'credential_not_found',
      'customer_reference_taken',
      'version_mismatch',
      'key_unavailable',
    ],
  },
  {
    method: 'delete',
    path: '/v1/customers/{customer}',
    operationId: 'deleteCustomer',
    summary: 'Delete a customer and all that is on file',
    description:
      'Credentials are taken off file, agreements are deleted. The tokens stay, unless they are to be erased as well. The same again is answered as the first.',
    permission: 'customers:delete',
    parameters: [
      customerParameter,
      ...queryParameters(DeleteCustomer, {
        tokens: '`keep` (default), or `erase`, which takes the permission `tokens:delete` too.',
      }),
      merchantParameter,
    ],
    answers: [{ status: 204, description: 'It is gone.' }],
    problems: ['invalid_request', 'customer_not_found', ...ANY],
  },
  {
    method: 'post',
    path: '/v1/customers/{customer}/credentials',
    operationId: 'putOnFile',
    summary: 'Put a token on file for a customer',
    description: `A token is on file for one customer at most, and at most ${MAX_CREDENTIALS} are for one customer. Asked for again, it stays where it is.`,
    permission: 'credentials:write',
    parameters: [customerParameter, idempotencyKeyParameter, merchantParameter],
    body: { schema: 'PutOnFile', example: { token } },
    answers: [
      { status: 201, description: 'It is on file.', ...aCredential },
      { status: 200, description: 'It was on file for this customer already.', ...aCredential },
    ],
    problems: [
      ...WRITE,
      ...ANY,
      'customer_not_found',
      'token_not_found',
      'token_on_file',
      'credential_limit_reached',
      'key_unavailable',
    ],
  },
  {
    method: 'get',
    path: '/v1/customers/{customer}/credentials',
    operationId: 'listCredentials',
    summary: 'List what is on file for a customer',
    permission: 'credentials:read',
    parameters: [customerParameter, merchantParameter],
    answers: [
      {
        status: 200,
        description: 'All of it.',
        schema: 'CredentialList',
        example: { credentials: [credential] },
      },
    ],
    problems: ['customer_not_found', ...ANY],
  },
  {
    method: 'get',
    path: '/v1/customers/{customer}/credentials/{token}',
    operationId: 'readCredential',
    summary: 'Read a credential and its versions',
    permission: 'credentials:read',
    parameters: [customerParameter, tokenParameter, merchantParameter],
    answers: [
      {
        status: 200,
        description: 'The credential.',
        schema: 'CredentialRecord',
        example: { ...credential, versions: examples.tokenVersions.versions },
      },
    ],
    problems: ['credential_not_found', ...ANY],
  },
  {
    method: 'delete',
    path: '/v1/customers/{customer}/credentials/{token}',
    operationId: 'takeOffFile',
    summary: 'Take a credential off file',
    description:
      'Its agreements end. The token stays. Where it was the default there is none until another is set. What is not on file is answered in the same way.',
    permission: 'credentials:write',
    parameters: [customerParameter, tokenParameter, merchantParameter],
    answers: [{ status: 204, description: 'It is off file.' }],
    problems: ['customer_not_found', ...ANY],
  },
];
