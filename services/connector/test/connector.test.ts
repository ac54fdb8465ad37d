import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentities, createTestTls } from '@cofferdam/devcluster/testing';
import { type Simulator, startSimulator } from '@cofferdam/psp-simulator';
import { createLogger, createMetrics, createServiceClient, loadAccess, Readiness } from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Accounts, loadAccounts } from '../src/accounts.ts';
import { buildConnector } from '../src/http/app.ts';
import { createAdapter } from '../src/psp/providers.ts';
import { pspDuration } from '../src/psp-duration.ts';
import { createReachabilityCheck } from '../src/reachability.ts';
import { connectorStatus } from '../src/status.ts';

const ROUTER = 'system:serviceaccount:payments-dev:payments-router';
const OPERATOR = 'system:serviceaccount:cofferdam-system:cofferdam-operator';
const CARD = '4242424242424242';
const GRANT = `grant_${'g'.repeat(43)}`;

const tls = await createTestTls();
let psp: Simulator;
let vault: Server;
let app: FastifyInstance;
let accounts: Accounts;
let secrets: string;
let answerOfVault: { status: number; body: unknown } | 'silence';
const asked: unknown[] = [];
const logged: string[] = [];
const identities = await createIdentities(
  [
    { subjects: [ROUTER], merchants: ['*'], allow: ['charges:create'] },
    { subjects: ['acme-only'], merchants: ['acme'], allow: ['charges:create'] },
    { subjects: [OPERATOR], merchants: ['*'], allow: ['status:read'] },
  ],
  'acme-dev',
);

/** Only the vault's answer to a grant is made up here; everything else is real. */
async function startFakeVault(): Promise<Server> {
  const server = createServer({ cert: tls.pair.certificate, key: tls.pair.key }, (request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      asked.push({ path: request.url, ...JSON.parse(text) });
      if (answerOfVault === 'silence') return;
      response.writeHead(answerOfVault.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answerOfVault.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  psp = await startSimulator({ tls: tls.credentials });
  vault = await startFakeVault();
  secrets = mkdtempSync(join(tmpdir(), 'cofferdam-accounts-'));
  writeFileSync(join(secrets, 'token'), await identities.token('stripe-connector'));
  const accountsFile = join(secrets, 'accounts.json');
  writeFileSync(
    accountsFile,
    JSON.stringify({
      accounts: [
        { name: 'acme', merchants: ['acme'], directory: 'acme' },
        { name: 'globex', merchants: ['globex'], directory: 'globex' },
      ],
    }),
  );
  const logger = createLogger(
    { service: 'connector', level: 'debug' },
    { write: (line) => void logged.push(line) },
  );
  const metrics = createMetrics();
  const { adapter, endpoint } = await createAdapter('stripe', {
    endpoint: psp.stripeUrl,
    timeoutMs: 1_000, // a machine that is busy answers in time
    trust: tls.trust,
  });
  accounts = await loadAccounts({ path: accountsFile, directory: secrets, adapter, logger });
  const access = await loadAccess({ path: identities.accessFile, vaultId: 'acme-dev', logger, metrics });
  const reachable = createReachabilityCheck(endpoint, { trust: tls.trust, cacheMs: 0 });
  app = buildConnector(
    {
      logger,
      metrics,
      readiness: new Readiness(),
      tls: 'plaintext', // injected, not listened for
      access,
      status: () =>
        connectorStatus({ version: '1', instance: 'pod', vaultId: 'acme-dev', accounts, reachable }),
    },
    {
      connector: 'stripe',
      accounts,
      adapter,
      logger,
      duration: pspDuration(metrics),
      vault: createServiceClient({
        baseUrl: `https://127.0.0.1:${(vault.address() as AddressInfo).port}`,
        token: async () => 'token-of-the-connector',
        trust: tls.trust,
      }),
    },
  );
});
afterAll(async () => {
  accounts.close();
  await app.close();
  vault.closeAllConnections();
  vault.close();
  await psp.close();
  tls.remove();
  for (const directory of [secrets, identities.directory]) rmSync(directory, { recursive: true });
});
beforeEach(() => {
  psp.state.reset();
  asked.length = 0;
  logged.length = 0;
  mkdirSync(join(secrets, 'acme'), { recursive: true });
  writeFileSync(join(secrets, 'acme', 'apiKey'), 'sk_test_0123456789abcdef\n');
  answerOfVault = {
    status: 200,
    body: {
      token: 'tok_00000000000000000000000001',
      card: { number: CARD, expiryMonth: 3, expiryYear: 2030, holderName: 'Ada Lovelace' },
    },
  };
});

const body = (overrides: Record<string, unknown> = {}) => ({
  paymentId: 'pay_00000000000000000000000001',
  attemptId: 'att_00000000000000000000000001',
  merchant: 'acme',
  account: 'acme',
  amount: 1050,
  currency: 'EUR',
  capture: 'automatic',
  card: {
    cardId: 'card_00000000000000000000000001',
    brand: 'visa',
    bin: '42424242',
    lastFour: '4242',
    expiryMonth: 3,
    expiryYear: 2030,
  },
  grant: GRANT,
  ...overrides,
});

async function post(payload: unknown, subject: string | undefined = ROUTER) {
  const response = await app.inject({
    method: 'POST',
    url: '/v1/charges',
    payload: payload as object,
    ...(subject === '' ? {} : { headers: { authorization: `Bearer ${await identities.token(subject)}` } }),
  });
  return { status: response.statusCode, body: response.json() };
}

const problem = (code: string) => expect.objectContaining({ code });

describe('POST /v1/charges', () => {
  it('redeems the grant as this connector and charges the card', async () => {
    expect(await post(body())).toMatchObject({
      status: 200,
      body: { outcome: 'approved', processed: 'yes' },
    });
    expect(asked).toEqual([
      {
        path: '/v1/reveals',
        grant: GRANT,
        attemptId: 'att_00000000000000000000000001',
        connector: 'stripe',
      },
    ]);
    expect(psp.state.ledger).toMatchObject([{ outcome: 'approved', lastFour: '4242' }]);
  });

  it('has the sealed CVC opened with the grant, and says nothing of either', async () => {
    const sealedCvc = `cvc_${'s'.repeat(400)}`;
    answerOfVault = { status: 200, body: { ...(answerOfVault as { body: object }).body, cvc: '737' } };
    expect(await post(body({ sealedCvc }))).toMatchObject({ status: 200, body: { outcome: 'approved' } });
    expect(asked).toMatchObject([{ grant: GRANT, sealedCvc }]);
    expect(logged.join('')).not.toMatch(/737|ssss/);
  });

  it('asks for nothing when the account is not of that merchant', async () => {
    expect(await post(body({ account: 'globex' }))).toEqual({
      status: 422,
      body: problem('account_not_allowed'),
    });
    expect(await post(body({ account: 'nobody' }))).toEqual({
      status: 422,
      body: problem('account_not_allowed'),
    });
    expect(asked).toEqual([]);
  });

  it('spends no grant when the credentials are missing or malformed', async () => {
    rmSync(join(secrets, 'acme', 'apiKey'));
    const missing = await post(body());
    mkdirSync(join(secrets, 'acme', 'apiKey'));
    const unreadable = await post(body());
    rmSync(join(secrets, 'acme', 'apiKey'), { recursive: true });
    writeFileSync(join(secrets, 'acme', 'apiKey'), 'nonsense');
    const invalid = await post(body());
    for (const answer of [missing, unreadable, invalid]) {
      expect(answer).toMatchObject({
        status: 200,
        body: { outcome: 'error', processed: 'no', code: 'credentials_missing' },
      });
    }
    expect(asked).toEqual([]);
  });

  it.each([
    ['grant_invalid', 403, 'grant_invalid', 403],
    ['token_not_found', 404, 'token_not_found', 404],
    ['cvc_unavailable', 422, 'cvc_unavailable', 422],
    ['key_unavailable', 503, 'key_unavailable', 503],
    ['forbidden', 403, 'vault_unavailable', 503],
    ['internal_error', 500, 'vault_unavailable', 503],
  ])(
    'answers %s of the vault with a problem, and charges nothing',
    async (code, status, answered, wanted) => {
      answerOfVault = { status, body: { type: 'about:blank', title: code, status, code } };
      expect(await post(body())).toEqual({ status: wanted, body: problem(answered) });
      expect(psp.state.ledger).toEqual([]);
    },
  );

  it('answers vault_unavailable when the vault answers nonsense', async () => {
    answerOfVault = { status: 200, body: { card: CARD } };
    expect(await post(body())).toEqual({ status: 503, body: problem('vault_unavailable') });
  });

  it('gives up on the vault while the router still waits, and charges nothing', async () => {
    const startedAt = performance.now();
    answerOfVault = 'silence';
    expect(await post(body())).toEqual({ status: 503, body: problem('vault_unavailable') });
    // The router waits 2 s longer than the PSP is given.
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(psp.state.ledger).toEqual([]);
  });

  it('passes on what is not known of a charge as a result, not as a problem', async () => {
    expect(await post(body({ amount: 40_002 }))).toMatchObject({
      status: 200,
      body: { outcome: 'unknown', processed: 'unknown', code: 'timeout' },
    });
  });

  it('refuses callers without a token, without the permission, and of another merchant', async () => {
    expect((await post(body(), '')).status).toBe(401);
    expect((await post(body(), 'somebody')).status).toBe(403);
    expect((await post(body({ merchant: 'globex', account: 'globex' }), 'acme-only')).status).toBe(403);
    expect(asked).toEqual([]);
  });

  it('refuses unknown fields by name, a card number among them', async () => {
    const answer = await post(body({ number: CARD, colour: 'red' }));
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ field }: { field: string }) => field)).toEqual(['number', 'colour']);
    expect(JSON.stringify(answer.body)).not.toContain(CARD);
  });

  it('writes neither card nor credentials into its log', async () => {
    await post(body());
    await post(body({ amount: 50_001 }));
    await post(body({ amount: 60_002 }));
    answerOfVault = { status: 200, body: { card: { number: CARD } } };
    await post(body());
    const text = logged.join('');
    expect(text).toContain('"outcome":"approved"');
    expect(text).not.toMatch(/4242424242|Lovelace|sk_test|grant_g/);
  });
});

describe('GET /statusz', () => {
  it('says of each account whether its credentials are there and the PSP can be reached', async () => {
    const read = async () => {
      const response = await app.inject({
        url: '/statusz',
        headers: { authorization: `Bearer ${await identities.token(OPERATOR)}` },
      });
      return response.json().accounts;
    };
    expect(await read()).toEqual([
      { name: 'acme', credentials: 'present', reachable: 'yes' },
      { name: 'globex', credentials: 'missing', reachable: 'yes', detail: expect.stringContaining('apiKey') },
    ]);
    writeFileSync(join(secrets, 'acme', 'apiKey'), 'nonsense');
    await fetch(`${psp.adminUrl}/admin/psps/stripe`, {
      method: 'PUT',
      body: '{"mode":"down"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(await read()).toMatchObject([{ credentials: 'invalid', reachable: 'no' }, {}]);
    await fetch(`${psp.adminUrl}/admin/reset`, { method: 'POST' });
  });

  it('takes a PSP that cannot be verified for one that cannot be reached, as a charge would', async () => {
    const stranger = await createTestTls();
    stranger.remove();
    const endpoint = new URL(psp.stripeUrl);
    expect(await createReachabilityCheck(endpoint, { trust: tls.trust })()).toBe('yes');
    expect(await createReachabilityCheck(endpoint, { trust: stranger.trust })()).toBe('no');
  });

  it('is accompanied by the time that the PSP took', async () => {
    await post(body());
    const { body: text } = await app.inject({ url: '/metrics' });
    expect(text).toMatch(
      /cofferdam_psp_request_duration_seconds_count\{provider="stripe",outcome="approved"\} [1-9]/,
    );
    expect(text).toContain('le="2.5"');
  });

  it('is not shown to others', async () => {
    expect((await app.inject({ url: '/statusz' })).statusCode).toBe(401);
  });
});
