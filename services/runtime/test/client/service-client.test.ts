import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createTestTls, type TestTls } from '@cofferdam/devcluster/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createServiceClient, type ServiceClient, type Trust } from '../../src/index.ts';

const Answer = z.strictObject({ ok: z.boolean() });

describe('a service client', () => {
  let tls: TestTls;
  beforeAll(async () => {
    tls = await createTestTls();
  });
  afterAll(() => tls.remove());
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  const clientOf = (
    baseUrl: string,
    { token = async () => 'a-token', trust = tls.trust as Pick<Trust, 'ca'> } = {},
  ): ServiceClient => {
    const client = createServiceClient({ baseUrl, token, trust, timeoutMs: 200 });
    closers.push(() => client.close());
    return client;
  };
  const serving = async (listener: RequestListener) => {
    const server = createServer({ cert: tls.pair.certificate, key: tls.pair.key }, listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const failureOf = (client: ServiceClient) =>
    client.call({ method: 'POST', path: '/x', answer: Answer, body: {} }).then(
      () => undefined,
      (error: { failure: string; status?: number; problem?: unknown }) => error,
    );

  it('sends token, merchant, request id and idempotency key, and parses the answer', async () => {
    let headers: NodeJS.Dict<string | string[]> = {};
    const client = clientOf(
      await serving((request, response) => {
        headers = request.headers;
        response.end('{"ok":true}');
      }),
    );
    const call = { merchant: 'acme', requestId: 'r-1', idempotencyKey: 'k-1' };
    expect(await client.call({ method: 'POST', path: '/x', answer: Answer, body: {}, ...call })).toEqual({
      ok: true,
    });
    expect(headers).toMatchObject({
      authorization: 'Bearer a-token',
      'cofferdam-merchant': 'acme',
      'x-request-id': 'r-1',
      'idempotency-key': 'k-1',
    });
  });

  it('says that nothing was sent when the name, the port or our own token is missing', async () => {
    const url = await serving(() => undefined);
    const free = await serving(() => undefined);
    await closers.splice(-2)[1]?.();
    expect(await failureOf(clientOf('https://vault.invalid:8080'))).toMatchObject({ failure: 'unsent' });
    expect(await failureOf(clientOf(free))).toMatchObject({ failure: 'unsent' });
    const unreadable = () => Promise.reject(new Error('ENOENT'));
    expect(await failureOf(clientOf(url, { token: unreadable }))).toMatchObject({ failure: 'unsent' });
  });

  it('says that nothing was sent when the server cannot be verified', async () => {
    let requests = 0;
    const url = await serving((_request, response) => {
      requests++;
      response.end('{"ok":true}');
    });
    const stranger = await createTestTls();
    stranger.remove();
    const trusting = (ca: string | undefined) => clientOf(url, { trust: { ca: () => ca } });
    const refused = [
      clientOf(url.replace('127.0.0.1', '127.0.0.2')), // its certificate does not have that name
      trusting(stranger.ca),
      trusting(undefined), // the public authorities
    ];
    for (const client of refused) expect(await failureOf(client)).toMatchObject({ failure: 'unsent' });
    await tls.renew({ notAfter: new Date(Date.now() - 1000) });
    const expired = await serving(() => requests++);
    await tls.renew();
    expect(await failureOf(clientOf(expired))).toMatchObject({ failure: 'unsent' });
    expect(requests).toBe(0);
    expect(await failureOf(clientOf(url))).toBeUndefined();
  });

  it.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['ends', (socket: Socket) => socket.end()],
    ['speaks plaintext', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('says that nothing was sent to one that %s in the handshake', async (_what, answer) => {
    const server = createTcpServer((socket) => socket.once('data', () => answer(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await failureOf(clientOf(url))).toMatchObject({ failure: 'unsent' });
  });

  it('is not sure when the connection breaks after the handshake', async () => {
    const sent = await serving((request) => request.socket.destroy());
    expect(await failureOf(clientOf(sent))).toMatchObject({ failure: 'broken' });
  });

  it('verifies by new authorities from the next call on, and finishes what is under way', async () => {
    let finish: (() => unknown) | undefined;
    const url = await serving((request, response) => {
      const answer = () => response.end('{"ok":true}');
      if (request.url === '/slow') finish = answer;
      else answer();
    });
    const stranger = await createTestTls();
    stranger.remove();
    let ca = tls.ca;
    const client = clientOf(url, { trust: { ca: () => ca } });
    const slow = client.call({ method: 'GET', path: '/slow', answer: Answer, timeoutMs: 5000 });
    while (finish === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await failureOf(client)).toBeUndefined();
    ca = stranger.ca;
    expect(await failureOf(client)).toMatchObject({ failure: 'unsent' });
    finish?.();
    expect(await slow).toEqual({ ok: true });
    ca = tls.ca + stranger.ca;
    expect(await failureOf(client)).toBeUndefined();
  });

  it('tells a timeout, a broken connection, a problem and a wrong answer apart', async () => {
    const problem = {
      type: 'urn:cofferdam:problem:forbidden',
      title: 'Forbidden',
      status: 403,
      code: 'forbidden',
    };
    const cases: [RequestListener, object][] = [
      [() => undefined, { failure: 'timeout' }],
      [(request) => request.socket.destroy(), { failure: 'broken' }],
      [
        (_request, response) => response.writeHead(403).end(JSON.stringify(problem)),
        { failure: 'problem', status: 403, problem },
      ],
      [(_request, response) => response.writeHead(502).end('<html>'), { failure: 'bad_answer', status: 502 }],
      [(_request, response) => response.end('{"ok":"yes"}'), { failure: 'bad_answer', status: 200 }],
      [(_request, response) => void response.write('{"ok"'), { failure: 'timeout' }],
    ];
    for (const [listener, wanted] of cases) {
      expect(await failureOf(clientOf(await serving(listener)))).toMatchObject(wanted);
    }
  });
});
