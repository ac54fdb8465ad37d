import type { Operation } from './document.ts';
import { examples } from './examples.ts';

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
];
