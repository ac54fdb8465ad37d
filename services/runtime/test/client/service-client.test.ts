import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createServiceClient, type ServiceClient } from '../../src/index.ts';

const Answer = z.strictObject({ ok: z.boolean() });

describe('a service client', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  const clientOf = (baseUrl: string, token = async () => 'a-token'): ServiceClient => {
    const client = createServiceClient({ baseUrl, token, timeoutMs: 200 });
    closers.push(() => client.close());
    return client;
  };
  const serving = async (listener: RequestListener) => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(
      () => server.closeAllConnections(),
      () => server.close(),
    );
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
    expect(await failureOf(clientOf('http://vault.invalid:8080'))).toMatchObject({ failure: 'unsent' });
    expect(await failureOf(clientOf(free))).toMatchObject({ failure: 'unsent' });
    const unreadable = () => Promise.reject(new Error('ENOENT'));
    expect(await failureOf(clientOf(url, unreadable))).toMatchObject({ failure: 'unsent' });
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
