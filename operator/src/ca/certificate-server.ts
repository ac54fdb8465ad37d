import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { CERTIFICATES_PATH, PROBLEM_STATUS } from '@cofferdam/contracts';
import { ProblemError, problemBody } from '@cofferdam/runtime/process';
import { type IssueContext, issue } from './issue.ts';
import { readBody } from './read-body.ts';

/** More than a request for a certificate has, and far less than would hurt. */
const BODY_LIMIT_BYTES = 32 * 1024;

export type CertificateServer = {
  port: number;
  /** Serves with another certificate from now on; connections that stand keep theirs. */
  use(pair: { key: string; certificate: string }): void;
  close(): Promise<void>;
};

/**
 * `POST /v1/certificates` over TLS, and nothing else. Answers nobody before `use` was called. Whoever is not
 * known has neither his body read nor his question answered.
 */
export async function serveCertificates(
  context: IssueContext,
  address: { host: string; port: number },
): Promise<CertificateServer> {
  const server = createServer(
    {
      minVersion: 'TLSv1.2',
      // Who connects and says nothing must not keep a place from those who have something to ask.
      handshakeTimeout: 5_000,
      requestTimeout: 10_000,
      headersTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => void answer(context, request, response),
  );
  // Pods come in a crowd when a cluster starts, or the operator after hours. Those that are let in are answered (in
  // about 10 ms of CPU each) before they lose patience; the others are cut off at once and come again later.
  server.maxConnections = 200;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // A handshake that fails is the other side's matter, and so is a reset.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    use: ({ key, certificate }) => server.setSecureContext({ key, cert: certificate, minVersion: 'TLSv1.2' }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // Not closeAllConnections: it knows only those of which the handshake is over.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(
  context: IssueContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  try {
    checkRoute(request);
    const certificate = await issue(context, {
      requestId,
      authorization: request.headers.authorization,
      body: () => readJson(request),
    });
    send(response, 201, 'application/json', certificate);
  } catch (error) {
    const problem =
      error instanceof ProblemError ? error : new ProblemError('internal_error', { cause: error });
    if (problem.code === 'internal_error') context.log.error({ err: error, requestId }, 'request failed');
    if (problem.code === 'unauthenticated') response.setHeader('www-authenticate', 'Bearer');
    if (problem.status === 503 || problem.status === 429) response.setHeader('retry-after', '5');
    const status = PROBLEM_STATUS[problem.code];
    send(response, status, 'application/problem+json', problemBody(problem, requestId));
  }
}

function checkRoute({ url, method }: IncomingMessage): void {
  if (url?.split('?')[0] !== CERTIFICATES_PATH) throw new ProblemError('not_found');
  if (method !== 'POST') throw new ProblemError('method_not_allowed');
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new ProblemError('unsupported_media_type', { detail: 'Send the body as application/json.' });
  }
  const text = await readBody(request, BODY_LIMIT_BYTES);
  if (text === undefined) {
    throw new ProblemError('body_too_large', { detail: 'The body is larger than this API accepts.' });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ProblemError('malformed_json', { detail: 'The body is not JSON.' });
  }
}

function send(response: ServerResponse, status: number, type: string, body: object): void {
  // The place is for another then, and what was not read of a request is not taken for the next one.
  const headers = { 'content-type': type, 'cache-control': 'no-store', connection: 'close' };
  response.writeHead(status, headers).end(JSON.stringify(body));
}
