/** Values for people to read in the documents; a published test card, and ids that nobody has. */
const card = {
  cardId: 'card_0123456789abcdefghjkmnpqrs',
  brand: 'visa',
  bin: '40000566',
  lastFour: '5556',
  expiryMonth: 12,
  expiryYear: 2030,
};

const token = 'tok_0123456789abcdefghjkmnpqrs';
const paymentId = 'pay_01k0123456789abcdefghjkmnp';
const attemptId = 'att_01k0123456789abcdefghjkmnp';
const time = '2026-11-22T12:00:00.000Z';

const record = { token, card, state: 'active', recordVersion: 1, createdAt: time, updatedAt: time };
const sealedCvc = `cvc_${'A'.repeat(340)}`;

export const examples = {
  createToken: { card: { number: '4000056655665556', expiryMonth: 12, expiryYear: 2030 }, cvc: '737' },
  createdToken: { ...record, sealedCvc, sealedCvcExpiresAt: time },
  createTokenBatch: {
    items: [
      {
        idempotencyKey: 'import-17-1',
        card: { number: '4000056655665556', expiryMonth: 12, expiryYear: 2030 },
      },
    ],
  },
  tokenBatch: { items: [{ status: 201, token: record }] },
  tokenRecord: { token, card, state: 'active', recordVersion: 1, createdAt: time, updatedAt: time },
  updateToken: { card: { expiryMonth: 11, expiryYear: 2033 } },
  tokenPage: {
    tokens: [{ token, card, state: 'active', recordVersion: 1, createdAt: time, updatedAt: time }],
    next: 'bTJnZjU2bzAudG9rXzAxMjM0NTY3ODlhYmNkZWZnaGprbW5wcXJz',
  },
  tokenVersions: {
    token,
    versions: [
      { version: 2, cause: 'credential_update', result: 'new_expiry', card, createdAt: time },
      { version: 1, cause: 'created', card: { ...card, expiryYear: 2027 }, createdAt: time },
    ],
  },
  pushCredentialUpdates: {
    source: 'stripe',
    updates: [
      {
        id: 'evt_1Example',
        token,
        code: 'new_expiry',
        occurredAt: time,
        card: { expiryMonth: 12, expiryYear: 2033 },
        previous: { lastFour: '5556', expiryMonth: 12, expiryYear: 2030 },
      },
    ],
  },
  credentialFile: `token,code,occurredAt,expiryMonth,expiryYear\n${token},new_expiry,${time},12,2033\n`,
  credentialResultFile: `row,token,code,outcome,recordVersion,problem\n1,${token},new_expiry,applied,2,\n`,
  credentialImport: {
    import: 'imp_01k0123456789abcdefghjkmnp',
    state: 'complete',
    rows: 1,
    results: { applied: 1 },
    startedAt: time,
    completedAt: time,
  },
  createInquiries: { tokens: [token] },
  inquiries: { accepted: 1, recent: 0, unknown: 0 },
  credentialUpdateResults: { results: [{ status: 200, outcome: 'applied', recordVersion: 2 }] },
  binRecord: { bin: '40000566', brand: 'visa', numberLengths: [13, 16, 18, 19], cvcLength: 3 },
  createRevealGrant: {
    token,
    paymentId,
    attemptId,
    connector: 'stripe',
    subject: 'system:serviceaccount:payments-dev:stripe-connector',
    purpose: 'charge',
  },
  revealGrant: { grant: `grant_${'A'.repeat(43)}`, expiresAt: time },
  reveal: { grant: `grant_${'A'.repeat(43)}`, attemptId, connector: 'stripe' },
  createPayment: { token, amount: 1050, currency: 'EUR', reference: 'order-17' },
  payment: {
    id: paymentId,
    status: 'captured',
    token,
    card,
    amount: 1050,
    currency: 'EUR',
    capture: 'automatic',
    reference: 'order-17',
    attempts: [
      {
        id: attemptId,
        connector: 'stripe',
        account: 'acme',
        outcome: 'approved',
        code: 'approved',
        rawCode: 'succeeded',
        pspReference: 'pi_3Example',
        startedAt: time,
        finishedAt: time,
      },
    ],
    selection: {
      seed: paymentId,
      candidates: ['stripe', 'adyen'],
      reasons: ['no rule matches: by priority and weight', 'stripe: priority 10, weight 1'],
    },
    createdAt: time,
    updatedAt: time,
  },
  tokenEvents: {
    events: [
      {
        id: 'evt_01k0123456789abcdefghjkmnp',
        type: 'token.created',
        vaultId: 'acme-dev',
        merchant: 'acme',
        subject: token,
        sequence: 1,
        time,
        data: { card: { brand: 'visa', lastFour: '5556' } },
      },
    ],
    next: '812.40',
  },
  paymentEvents: {
    events: [
      {
        id: 'evt_01k0123456789abcdefghjkmnp',
        type: 'payment.captured',
        vaultId: 'acme-dev',
        merchant: 'acme',
        subject: paymentId,
        sequence: 2,
        time,
        data: { status: 'captured', amount: 1050, currency: 'EUR' },
      },
    ],
    next: '812.40',
  },
} as const;
