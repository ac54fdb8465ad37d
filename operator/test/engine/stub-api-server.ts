import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type ClusterConfig,
  createClient,
  createTransport,
  type KubeClient,
} from '../../src/engine/index.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** A scripted HTTP server: every request takes the next handler, the last one answers all further ones. */
export async function startStub(...script: Handler[]): Promise<{
  config: ClusterConfig;
  client: KubeClient;
  requests: { method: string; url: URL; at: number; body: Promise<string> }[];
  connections: () => number;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const requests: { method: string; url: URL; at: number; body: Promise<string> }[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stub');
    const body = new Promise<string>((resolve) => {
      let text = '';
      request.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
    });
    requests.push({ method: request.method ?? '', url, at: performance.now(), body });
    const handler = script[Math.min(requests.length, script.length) - 1];
    handler?.(request, response, url);
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const config: ClusterConfig = {
    server: `http://127.0.0.1:${port}`,
    tls: {},
    authorize: async () => ({ authorization: 'Bearer test' }),
    namespace: 'default',
  };
  const transport = createTransport(config);
  return {
    config,
    client: createClient({ transport }),
    requests,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      await transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

export const status = (code: number, reason: string, headers: Record<string, string> = {}): Handler =>
  json(
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `stub ${reason}` },
    code,
    headers,
  );

export const configMap = (name: string, resourceVersion: string, uid = `uid-${name}`) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'n', name, uid, resourceVersion },
});

export const listOf = (resourceVersion: string, ...items: unknown[]): Handler =>
  json({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion }, items });

/** A watch that sends these events, and then stays open, ends, or breaks. */
export const watchOf = (then: 'open' | 'end' | 'reset' | 'truncate', ...events: unknown[]): Handler => {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    if (events.length === 0) response.flushHeaders();
    if (then === 'end') response.end();
    if (then === 'reset') setTimeout(() => response.destroy(), 20);
    if (then === 'truncate') response.end('{"type":"ADDED","object":{"metada');
  };
};
