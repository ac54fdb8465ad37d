import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServerOptions, type RunningApiServer, startApiServer } from '../../src/apiserver/start.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
}

export interface Ask {
  method?: string;
  path: string;
  body?: unknown;
  token?: string | undefined;
  contentType?: string;
  accept?: string;
}

export interface TestServer extends RunningApiServer {
  ask(request: Ask): Promise<Answer>;
  /** Opens a stream; resolves when the headers are there. */
  open(request: Ask): Promise<Stream>;
  stop(): Promise<void>;
}

export interface Stream {
  status: number;
  /** Everything that came so far. */
  text(): string;
  /** Resolves when the text contains this. @throws after five seconds */
  until(text: string): Promise<void>;
  ended: Promise<void>;
  close(): void;
}

async function waitFor(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`it did not come in time: ${what}`);
}

export async function startTestServer(options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'cofferdam-apiserver-'));
  const server = await startApiServer({ stateDirectory, ...options });

  function send({
    method = 'GET',
    path,
    body,
    token,
    contentType,
    accept,
  }: Ask): Promise<Stream & { headers: Answer['headers'] }> {
    return new Promise((done, fail) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${token ?? server.adminToken}`,
        accept: accept ?? 'application/json',
        ...(text === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      };
      const outgoing = request(
        `${server.url}${path}`,
        { method, headers, ca: server.caPem, agent: false },
        (response) => {
          let received = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            received += chunk;
          });
          const ended = new Promise<void>((end) => {
            response.on('close', () => end());
          });
          done({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: () => received,
            until: (wanted) => waitFor(() => received.includes(wanted), `${wanted} in ${received}`),
            ended,
            close: () => outgoing.destroy(),
          });
        },
      );
      outgoing.on('error', fail);
      outgoing.end(text);
    });
  }

  return {
    ...server,
    open: send,
    async ask(ask) {
      const stream = await send(ask);
      await stream.ended;
      const text = stream.text();
      let body: unknown = text;
      try {
        body = JSON.parse(text);
      } catch {
        // some answers are plain text
      }
      return { status: stream.status, headers: stream.headers, body };
    },
    async stop() {
      await server.close();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

export function configMap(name: string, data: Record<string, string> = {}): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
