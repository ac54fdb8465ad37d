import { ImportId } from '../credential-updates.ts';
import type { Operation, Parameter } from './document.ts';
import { examples } from './examples.ts';
import { merchantParameter } from './parameters.ts';

const importParameter: Parameter = {
  in: 'path',
  name: 'import',
  required: true,
  description: 'Chosen by the caller: `imp_` and 26 random lower-case letters and digits.',
  schema: ImportId,
};

/** What account updaters and PSPs say about cards. */
export const updateOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/credential-updates',
    operationId: 'pushCredentialUpdates',
    summary: 'Say what an issuer let know of cards',
    description:
      'For connectors, from the notifications of their PSP. Each result is applied by itself, and once: again under the same `source` and `id` it is answered as at first, and one that is about what the token stood for before is answered `stale`. The token stays; a change is a new version of it, with an audit row and the event `credential.updated` or `credential.closed`. Only when every result failed for one and the same reason on our side is the push itself answered with that problem.',
    permission: 'credentials:update',
    body: { schema: 'PushCredentialUpdates', example: examples.pushCredentialUpdates },
    answers: [
      {
        status: 200,
        description: 'What became of each.',
        schema: 'CredentialUpdateResults',
        example: examples.credentialUpdateResults,
      },
    ],
    problems: ['key_unavailable', 'database_unavailable'],
  },
  {
    method: 'post',
    path: '/v1/credential-inquiries',
    operationId: 'requestCardInquiries',
    summary: 'Have the account updater asked about cards',
    description:
      'For cards that were declined: the service that the vault is configured with is asked about them with the next batch. Cards that are about to expire are asked about without this.',
    permission: 'credentials:inquire',
    parameters: [merchantParameter],
    body: { schema: 'CreateInquiries', example: examples.createInquiries },
    answers: [
      { status: 202, description: 'They are noted.', schema: 'Inquiries', example: examples.inquiries },
    ],
    problems: ['merchant_required', 'no_account_updater', 'database_unavailable'],
  },
  {
    method: 'put',
    path: '/v1/credential-imports/{import}',
    operationId: 'importCredentialUpdates',
    summary: 'Send a file of results',
    description:
      'CSV (RFC 4180, UTF-8) with a line of names, up to 1,000,000 rows and 256 MiB. Rows are applied while the file arrives, each by itself, and what became of each can be read at `/v1/credential-imports/{import}/results`. Broken off, it is sent again, whole, under the same id: rows that have a result are passed over, and a row that has become another is refused. A file that cannot be read further is answered 400 `malformed_csv`; what stands before that is applied.',
    permission: 'credentials:update',
    parameters: [importParameter, merchantParameter],
    body: { schema: 'CredentialFile', example: examples.credentialFile, mediaType: 'text/csv' },
    answers: [
      {
        status: 200,
        description: 'The file has arrived, and every row has a result.',
        schema: 'CredentialImport',
        example: examples.credentialImport,
      },
    ],
    problems: [
      'merchant_required',
      'malformed_csv',
      'not_found',
      'idempotency_key_reused',
      'key_unavailable',
      'database_unavailable',
    ],
  },
  {
    method: 'get',
    path: '/v1/credential-imports/{import}',
    operationId: 'readCredentialImport',
    summary: 'How far a file has been taken in',
    permission: 'credentials:update',
    parameters: [importParameter, merchantParameter],
    answers: [
      {
        status: 200,
        description: 'The import.',
        schema: 'CredentialImport',
        example: examples.credentialImport,
      },
    ],
    problems: ['merchant_required', 'not_found', 'database_unavailable'],
  },
  {
    method: 'get',
    path: '/v1/credential-imports/{import}/results',
    operationId: 'readCredentialImportResults',
    summary: 'What became of each row of a file',
    description: 'For 30 days. Also of a file that has not arrived to its end.',
    permission: 'credentials:update',
    parameters: [importParameter, merchantParameter],
    answers: [
      {
        status: 200,
        description: 'A line for each row.',
        schema: 'CredentialResultFile',
        example: examples.credentialResultFile,
        mediaType: 'text/csv',
      },
    ],
    problems: ['merchant_required', 'not_found', 'database_unavailable'],
  },
];
