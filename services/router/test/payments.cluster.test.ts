import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { Payment } from '@cofferdam/contracts';
import {
  createTestTls,
  dumpDatabase,
  huntCardNumbers,
  type ReceivedSpan,
} from '@cofferdam/devcluster/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from './fixtures/client.ts';
import { type Stack, startStack } from './fixtures/stack.ts';

const APPROVED = '4242424242424242';
let stack: Stack;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  stack = await startStack();
  client = createClient(stack);
});
afterAll(() => stack.close());
beforeEach(async () => {
  stack.vault.failures.clear();
  await fetch(`${stack.psp.adminUrl}/admin/reset`, { method: 'POST' });
});

const setMode = (psp: string, mode: string) =>
  fetch(`${stack.psp.adminUrl}/admin/psps/${psp}`, {
    method: 'PUT',
    body: JSON.stringify({ mode }),
    headers: { 'content-type': 'application/json' },
  });
const outcomes = ({ attempts }: Payment) =>
  attempts.map(({ connector, outcome, code }) => [connector, outcome, code]);
const types = async (id: string) => (await client.events(id)).map(({ type }) => type);

describe('a payment', () => {
  it('is captured by the first connector', async () => {
    const { status, body } = await client.pay(APPROVED, {
      reference: 'order-17',
      metadata: { basket: 'b1' },
    });
    expect(status).toBe(201);
    expect(Payment.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      status: 'captured',
      amount: 1050,
      currency: 'EUR',
      reference: 'order-17',
      metadata: { basket: 'b1' },
      card: { lastFour: '4242' },
      selection: { seed: body.id, candidates: ['stripe', 'adyen'] },
    });
    expect(outcomes(body)).toEqual([['stripe', 'approved', 'approved']]);
    expect(client.charged()).toMatchObject([
      { psp: 'stripe', reference: body.attempts[0]?.id, id: body.attempts[0]?.pspReference, captured: true },
    ]);
    expect((await client.read(body.id)).body).toEqual(body);
    const events = await client.events(body.id);
    expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
      ['payment.created', 1],
      ['payment.captured', 2],
    ]);
    expect(events[1]?.data).toEqual({
      status: 'captured',
      amount: 1050,
      currency: 'EUR',
      capture: 'automatic',
      card: { brand: 'visa', lastFour: '4242' },
      attempts: 1,
      reference: 'order-17',
      connector: 'stripe',
      code: 'approved',
    });
  });

  it('is one trace over router, connector and vault', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const { status } = await client.pay(APPROVED, {}, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    expect(status).toBe(201);
    const spans = () => stack.collector.spans.filter((span) => span.traceId === traceId);
    await vi.waitFor(() => expect(spans().length).toBe(7), { timeout: 20_000, interval: 50 });
    const parentOf = ({ parentSpanId }: ReceivedSpan) =>
      spans().find(({ spanId }) => spanId === parentSpanId)?.name ?? parentSpanId;
    const tree = spans().map((span) => `${span.service}: ${span.name} < ${parentOf(span)}`);
    expect(tree.toSorted()).toEqual([
      'cofferdam-connector: POST /v1/charges < POST /v1/charges',
      'cofferdam-connector: POST /v1/reveals < POST /v1/charges',
      'cofferdam-connector: POST < POST /v1/charges', // Stripe
      'cofferdam-router: GET /v1/tokens/{token} < POST /v1/payments',
      'cofferdam-router: POST /v1/charges < POST /v1/payments',
      'cofferdam-router: POST /v1/payments < b7ad6b7169203331',
      'cofferdam-router: POST /v1/reveal-grants < POST /v1/payments',
    ]);
    const idOf = (name: string) => spans().find((span) => span.name === name && span.kind === 3)?.spanId;
    const asked = stack.vault.asked.filter(({ traceparent }) => traceparent?.includes(traceId));
    expect(asked.map(({ traceparent }) => traceparent)).toEqual(
      ['GET /v1/tokens/{token}', 'POST /v1/reveal-grants', 'POST /v1/reveals'].map(
        (name) => `00-${traceId}-${idOf(name)}-01`,
      ),
    );
    const lines = stack.output().split('\n');
    const logged = lines.filter((line) => line.includes(`"trace_id":"${traceId}"`));
    expect(logged.map((line) => JSON.parse(line).msg).toSorted()).toEqual([
      ...['attempt', 'charge', 'request', 'request'],
    ]);
  });

  it('is authorized when capture is manual', async () => {
    const { body } = await client.pay(APPROVED, { capture: 'manual' });
    expect(body.status).toBe('authorized');
    expect(client.charged()).toMatchObject([{ captured: false }]);
    expect(await types(body.id)).toEqual(['payment.created', 'payment.authorized']);
  });

  it('is declined by a hard decline, and nobody else is asked', async () => {
    const { status, body } = await client.pay('4000000000009979');
    expect(status).toBe(201);
    expect(body.status).toBe('declined');
    expect(outcomes(body)).toEqual([['stripe', 'hard_decline', 'stolen_card']]);
    expect(stack.psp.state.ledger).toHaveLength(1);
  });

  it('goes to the second connector after a soft decline, and is declined when that declines too', async () => {
    const { body } = await client.pay('4000000000009995');
    expect(body.status).toBe('declined');
    expect(outcomes(body)).toEqual([
      ['stripe', 'soft_decline', 'insufficient_funds'],
      ['adyen', 'soft_decline', 'insufficient_funds'],
    ]);
    expect(await types(body.id)).toEqual(['payment.created', 'payment.declined']);
  });

  it('hands its sealed CVC to each connector that is asked, and keeps nothing of it', async () => {
    const sealedCvc = `cvc_${'Sealed-'.repeat(60)}`;
    const { body } = await client.pay('4000000000009995', { sealedCvc });
    expect(outcomes(body)).toHaveLength(2);
    expect(stack.vault.sealedCvcs.splice(0)).toEqual([sealedCvc, sealedCvc]);
    expect(JSON.stringify(body)).not.toContain('Sealed-');
    const dump = (await dumpDatabase(stack.databaseUrl)).map(({ content }) => String(content)).join('');
    expect(dump + stack.output()).not.toContain('Sealed-');
  });

  it('fails with cvc_unavailable when its sealed CVC cannot be opened, charges nobody and asks nobody else', async () => {
    stack.vault.failures.set('/v1/reveals', 'cvc_unavailable');
    const { body } = await client.pay(APPROVED, { sealedCvc: `cvc_${'A'.repeat(400)}` });
    expect(body.status).toBe('failed');
    expect(outcomes(body)).toEqual([['stripe', 'error', 'cvc_unavailable']]);
    expect(stack.psp.state.ledger).toEqual([]);
  });

  it('goes to the second connector when the first PSP is down', async () => {
    await setMode('stripe', 'down');
    const { body } = await client.pay(APPROVED);
    expect(body.status).toBe('captured');
    expect(outcomes(body)).toEqual([
      ['stripe', 'error', 'psp_unreachable'],
      ['adyen', 'approved', 'approved'],
    ]);
    expect(client.charged()).toMatchObject([{ psp: 'adyen' }]);
  });

  it('fails when both PSPs are down', async () => {
    await Promise.all([setMode('stripe', 'down'), setMode('adyen', 'down')]);
    const { body } = await client.pay(APPROVED);
    expect(body.status).toBe('failed');
    expect(outcomes(body).map(([, outcome]) => outcome)).toEqual(['error', 'error']);
    expect(await types(body.id)).toEqual(['payment.created', 'payment.failed']);
  });

  it.each([
    [40_001, 0, 'timeout'],
    [40_002, 1, 'timeout'],
    [40_004, 1, 'connection_lost'],
    [50_001, 0, 'psp_error'],
    [50_002, 1, 'psp_error'],
  ])('of %i is unknown, with %i charges made and nobody else asked (%s)', async (amount, charges, code) => {
    const { body } = await client.pay(APPROVED, { amount });
    expect(body.status).toBe('unknown');
    expect(outcomes(body)).toEqual([['stripe', 'unknown', code]]);
    expect(client.charged()).toHaveLength(charges);
    expect(await types(body.id)).toEqual(['payment.created', 'payment.unknown']);
  });

  it('goes on to the second connector when the first is not running', async () => {
    await stack.connectors['stripe']?.kill();
    const { body } = await client.pay(APPROVED);
    expect(outcomes(body)).toEqual([
      ['stripe', 'error', 'connector_unreachable'],
      ['adyen', 'approved', 'approved'],
    ]);

    // Nor when somebody else listens there: what the router cannot verify it gives nothing, so nobody has charged.
    const stranger = await createTestTls();
    let asked = 0;
    const { certificate: cert, key } = stranger.pair;
    const impostor = createServer({ cert, key }, (_request, response) => {
      asked++;
      response.end();
    });
    const port = Number(new URL(stack.connectors['stripe']?.url ?? '').port);
    await new Promise<void>((resolve) => impostor.listen(port, '127.0.0.1', resolve));
    expect(outcomes((await client.pay(APPROVED)).body)).toEqual([
      ['stripe', 'error', 'connector_unreachable'],
      ['adyen', 'approved', 'approved'],
    ]);
    expect(asked).toBe(0);
    await new Promise((resolve) => impostor.close(resolve));
    stranger.remove();
    stack.connectors['stripe'] = await stack.startConnector('stripe');
    stack.writeRouting();
    await sleep(2500);
  });

  it('charges nobody when the vault gives no grant', async () => {
    stack.vault.failures.set('/v1/reveal-grants', 'database_unavailable');
    const { body } = await client.pay(APPROVED);
    expect(body.status).toBe('failed');
    expect(outcomes(body)).toEqual([
      ['stripe', 'error', 'database_unavailable'],
      ['adyen', 'error', 'database_unavailable'],
    ]);
  });

  it('charges nobody when the vault does not reveal the card', async () => {
    stack.vault.failures.set('/v1/reveals', 'key_unavailable');
    const { body } = await client.pay(APPROVED);
    expect(outcomes(body).map(([, outcome, code]) => [outcome, code])).toEqual([
      ['error', 'key_unavailable'],
      ['error', 'key_unavailable'],
    ]);
    expect(stack.psp.state.ledger).toEqual([]);
  });

  it('settles when the answer comes after its worker was taken for dead', async () => {
    const body = { token: stack.vault.tokenize(APPROVED), amount: 30_000 };
    const paying = client.pay(APPROVED, body, { key: 'order-late' });
    let id = '';
    while (id === '') {
      const { rows } = await stack.admin.query(
        `UPDATE payments SET deadline_at = now() - interval '1 second'
         WHERE id = (SELECT payment_id FROM attempts WHERE outcome = 'pending') RETURNING id`,
      );
      id = rows[0]?.id ?? '';
    }
    // Whoever asks now is told the truth: it may have been charged.
    let seen = (await client.read(id)).body;
    while (seen.status === 'processing') seen = (await client.read(id)).body;
    const { body: answered } = await paying;
    const settled = (await client.read(id)).body;
    expect([seen.status, settled.status]).toEqual(['unknown', 'captured']);
    expect(answered).toEqual(settled);
    expect(await client.pay(APPROVED, body, { key: 'order-late' })).toEqual({ status: 200, body: settled });
    expect(await types(id)).toEqual(['payment.created', 'payment.unknown', 'payment.captured']);
    expect(client.charged()).toHaveLength(1);
  });
});

describe('a database that goes away while a PSP is asked', () => {
  const shutOut = (limit: number) =>
    stack.admin
      .query(`ALTER ROLE router_app CONNECTION LIMIT ${limit}`)
      .then(() =>
        stack.admin.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'router_app'",
        ),
      );

  it('gets to know what the PSP said when it is back', async () => {
    const paying = client.pay(APPROVED, { amount: 30_000 });
    for (let pending = 0; pending === 0; ) {
      const { rows } = await stack.admin.query("SELECT 1 FROM attempts WHERE outcome = 'pending'");
      pending = rows.length;
    }
    await shutOut(0);
    while (client.charged().length === 0) await sleep(10);
    await sleep(500);
    await shutOut(-1);
    const { status, body } = await paying;
    expect([status, body.status]).toEqual([201, 'captured']);
    expect(await types(body.id)).toEqual(['payment.created', 'payment.captured']);
    expect(client.charged()).toHaveLength(1);
  });
});

describe('an idempotency key', () => {
  it('gets the first answer again, and one charge', async () => {
    const token = stack.vault.tokenize(APPROVED);
    const first = await client.pay(APPROVED, { token }, { key: 'order-1' });
    const second = await client.pay(APPROVED, { token }, { key: 'order-1' });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
    expect(client.charged()).toHaveLength(1);
  });

  it('is refused with another body', async () => {
    const token = stack.vault.tokenize(APPROVED);
    await client.pay(APPROVED, { token }, { key: 'order-2' });
    expect(await client.pay(APPROVED, { token, amount: 2000 }, { key: 'order-2' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(client.charged()).toHaveLength(1);
  });

  it('charges once when many come at the same time', async () => {
    const token = stack.vault.tokenize(APPROVED);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => client.pay(APPROVED, { token }, { key: 'order-3' })),
    );
    expect(client.charged()).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { status, body } of answers) {
      if (status !== 201 && status !== 200) expect(body).toMatchObject({ code: 'request_in_progress' });
    }
  });

  it('is of one merchant', async () => {
    const token = stack.vault.tokenize(APPROVED, 'globex');
    await client.pay(APPROVED, {}, { key: 'order-4' });
    expect(
      await client.pay<{ code: string }>(APPROVED, { token }, { key: 'order-4', subject: 'globex-shop' }),
    ).toMatchObject({ body: { code: 'no_connector' } });
  });

  it('is kept, like the body, only as a keyed digest', async () => {
    await client.pay(APPROVED, {}, { key: 'a-key-that-can-be-found' });
    const { rows } = await stack.admin.query(
      'SELECT key_digest, body_digest FROM idempotency_keys ORDER BY created_at DESC LIMIT 1',
    );
    expect(rows[0].key_digest).toHaveLength(32);
    const { rows: found } = await stack.admin.query(
      "SELECT 1 FROM idempotency_keys AS k WHERE k::text LIKE '%a-key-that-can-be-found%'",
    );
    expect(found).toEqual([]);
  });
});

describe('a router that is killed between intent and answer', () => {
  it('leaves an attempt that is unknown after the restart, and is never sent again', async () => {
    const token = stack.vault.tokenize(APPROVED);
    const body = { token, amount: 40_002 };
    const paying = client.pay(APPROVED, body, { key: 'order-5' }).catch((error: unknown) => error);
    while (client.charged().length === 0) await sleep(5);
    await stack.router().kill();
    expect(await paying).toBeInstanceOf(Error);
    await stack.restartRouter();
    const { rows } = await stack.admin.query('SELECT id FROM payments ORDER BY id DESC LIMIT 1');
    const id: string = rows[0].id;

    // Until its deadline another replica might be at work on it.
    const early = await client.pay(APPROVED, body, { key: 'order-5' });
    if (early.status !== 200)
      expect(early).toMatchObject({ status: 409, body: { code: 'request_in_progress' } });
    let payment = (await client.read(id)).body;
    for (let tries = 0; payment.status === 'processing' && tries < 100; tries++) {
      await sleep(100);
      payment = (await client.read(id)).body;
    }
    expect(payment.status).toBe('unknown');
    expect(outcomes(payment)).toEqual([['stripe', 'unknown', 'interrupted']]);
    expect(await client.pay(APPROVED, body, { key: 'order-5' })).toEqual({ status: 200, body: payment });
    await sleep(2500);
    expect(client.charged()).toHaveLength(1);
    expect(await types(id)).toEqual(['payment.created', 'payment.unknown']);
  });
});

describe('the database', () => {
  it('takes no second attempt while one may have charged, whatever the code does', async () => {
    const { body } = await client.pay(APPROVED, { amount: 40_001 });
    await expect(
      stack.admin.query(
        `INSERT INTO attempts (id, payment_id, ordinal, connector, account, outcome, started_at)
         VALUES ('att_second', $1, 1, 'adyen', 'acme', 'pending', now())`,
        [body.id],
      ),
    ).rejects.toMatchObject({ constraint: 'one_attempt_that_may_have_charged' });
  });

  it('the logs and the traces hold no card number in any encoding', async () => {
    const sources = [
      ...(await dumpDatabase(stack.databaseUrl)),
      { name: 'output', content: stack.output() },
      { name: 'traces', content: Buffer.concat(stack.collector.bodies) },
    ];
    const numbers = [APPROVED, '4000000000009979', '4000000000009995'];
    expect(huntCardNumbers(sources, numbers)).toEqual([]);
    const planted = { name: 'planted', content: Buffer.from(`card ${APPROVED}`).toString('base64') };
    expect(huntCardNumbers([...sources, planted], numbers)).not.toEqual([]);
  });
});
