import type { Operation } from './document.ts';
import { examples } from './examples.ts';
import { merchantParameter } from './parameters.ts';

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
];
