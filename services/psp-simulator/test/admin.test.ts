import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../src/index.ts';

let psp: Simulator;
beforeAll(async () => {
  psp = await startSimulator();
});
afterAll(() => psp.close());
beforeEach(() => psp.state.reset());

async function admin(method: string, path: string, body?: unknown) {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await fetch(psp.adminUrl + path, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const reach = (url: string) => fetch(url).then((response) => response.status);

describe('the admin API', () => {
  it('takes a PSP down so that connections are refused, and up on the same port', async () => {
    await admin('PUT', '/admin/psps/stripe', { mode: 'down' });
    await expect(reach(psp.stripeUrl)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(await reach(psp.adyenUrl)).toBe(401);
    await admin('PUT', '/admin/psps/stripe', { mode: 'up' });
    expect(await reach(psp.stripeUrl)).toBe(401);
  });

  it('puts a PSP up at the second try when its port was taken at the first', async () => {
    await admin('PUT', '/admin/psps/stripe', { mode: 'down' });
    const other = createServer().listen(Number(new URL(psp.stripeUrl).port), '127.0.0.1');
    await once(other, 'listening');
    expect((await admin('PUT', '/admin/psps/stripe', { mode: 'up' })).status).toBe(500);
    other.close();
    await once(other, 'close');
    await admin('PUT', '/admin/psps/stripe', { mode: 'up' });
    expect(await reach(psp.stripeUrl)).toBe(401);
  });

  it('queues faults and forgets them with a reset, which also puts a PSP up', async () => {
    await admin('POST', '/admin/faults', { psp: 'adyen', behaviour: 'rate-limit', times: 2 });
    expect((await admin('GET', '/admin/psps')).body['adyen']).toMatchObject({
      faults: ['rate-limit', 'rate-limit'],
    });
    await admin('PUT', '/admin/psps/adyen', { mode: 'down' });
    await admin('POST', '/admin/reset');
    expect((await admin('GET', '/admin/psps')).body['adyen']).toMatchObject({ mode: 'up', faults: [] });
    expect(await reach(psp.adyenUrl)).toBe(401);
  });

  it('refuses an unknown PSP, mode and fault', async () => {
    expect(await admin('PUT', '/admin/psps/paypal', { mode: 'up' })).toMatchObject({
      status: 404,
      body: { code: 'not_found', detail: 'There are only the PSPs stripe, adyen.' },
    });
    for (const [method, path, body, field] of [
      ['PUT', '/admin/psps/stripe', { mode: 'sideways' }, 'mode'],
      ['POST', '/admin/faults', { psp: 'stripe', behaviour: 'explode' }, 'behaviour'],
    ] as const) {
      expect(await admin(method, path, body)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ field }] },
      });
    }
  });

  it('is healthy and has metrics', async () => {
    expect((await admin('GET', '/healthz')).status).toBe(200);
    expect((await admin('GET', '/readyz')).status).toBe(200);
    const metrics = await (await fetch(`${psp.adminUrl}/metrics`)).text();
    expect(metrics).toContain('http_server_request_duration_seconds_count{http_request_method="GET"');
  });
});
