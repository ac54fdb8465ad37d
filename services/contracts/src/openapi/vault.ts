import { Agreement, AgreementPage, CreateAgreement, UpdateAgreement } from '../agreements.ts';
import { AuditAnchor } from '../audit/anchor.ts';
import { AuditRow } from '../audit/row.ts';
import { AnchorVerdict } from '../audit-trail.ts';
import { BinRecord } from '../bins.ts';
import {
  CreateInquiries,
  CredentialFile,
  CredentialImport,
  CredentialResultFile,
  CredentialUpdateResults,
  Inquiries,
  PushCredentialUpdates,
} from '../credential-updates.ts';
import { Credential, CredentialList, CredentialRecord, PutOnFile } from '../credentials.ts';
import { CreateCustomer, Customer, CustomerPage, UpdateCustomer } from '../customers.ts';
import { EventPage } from '../events.ts';
import { CreateRevealGrant, Reveal, RevealedCard, RevealGrant } from '../reveals.ts';
import { CreateShredding, Shredding } from '../shreddings.ts';
import { Statusz } from '../statusz.ts';
import { TokenVersions } from '../token-versions.ts';
import { CreatedToken, CreateToken, TokenRecord, UpdateToken } from '../tokens.ts';
import { CreateTokenBatch, TokenBatch } from '../tokens-batch.ts';
import { TokenPage } from '../tokens-list.ts';
import type { Api } from './document.ts';
import { examples } from './examples.ts';
import { commonOperations, Health } from './operations.ts';
import { eventParameters, merchantParameter } from './parameters.ts';
import { shreddingOperations } from './shreddings.ts';
import { agreementOperations } from './vault-agreements.ts';
import { auditOperations } from './vault-audit.ts';
import { customerOperations } from './vault-customers.ts';
import { tokenOperations } from './vault-tokens.ts';
import { updateOperations } from './vault-updates.ts';

/** The vault's HTTP API. */
export const vaultApi: Api = {
  title: 'Cofferdam vault',
  description:
    'Keeps card numbers and hands out tokens that stand for them. Every error is an RFC 9457 problem with a stable `code`, and none ever holds card data.',
  schemas: {
    CreateToken,
    CreatedToken,
    CreateTokenBatch,
    TokenBatch,
    TokenRecord,
    UpdateToken,
    TokenPage,
    TokenVersions,
    PushCredentialUpdates,
    CredentialUpdateResults,
    CreateInquiries,
    Inquiries,
    CredentialFile,
    CredentialImport,
    CredentialResultFile,
    BinRecord,
    CreateCustomer,
    UpdateCustomer,
    Customer,
    CustomerPage,
    PutOnFile,
    Credential,
    CredentialRecord,
    CredentialList,
    CreateAgreement,
    UpdateAgreement,
    Agreement,
    AgreementPage,
    CreateRevealGrant,
    RevealGrant,
    Reveal,
    RevealedCard,
    EventPage,
    AuditRow,
    AuditAnchor,
    AnchorVerdict,
    CreateShredding,
    Shredding,
    Statusz,
    Health,
  },
  operations: [
    ...tokenOperations,
    ...updateOperations,
    ...customerOperations,
    ...agreementOperations,
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
      problems: [
        'grant_invalid',
        'cvc_unavailable',
        'token_not_found',
        'integrity_error',
        'key_unavailable',
        'database_unavailable',
      ],
    },
    {
      method: 'get',
      path: '/v1/events',
      operationId: 'listEvents',
      summary: 'Read the events of tokens',
      description:
        'Oldest first, in order per subject; the same cursor gives the same events again. The feed never steps past an event that is not yet committed. Published events are removed after the retention (7 days unless set otherwise): a cursor from before is refused with `cursor_expired`.',
      permission: 'events:read',
      parameters: eventParameters,
      answers: [{ status: 200, description: 'A page.', schema: 'EventPage', example: examples.tokenEvents }],
      problems: ['invalid_request', 'cursor_expired', 'database_unavailable'],
    },
    ...auditOperations,
    ...shreddingOperations,
    ...commonOperations,
  ],
};
