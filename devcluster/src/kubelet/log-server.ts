import { createHash, timingSafeEqual } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogFormatter, formatLog, type LogOptions } from './log-lines.ts';

export type LogTarget = {
  /** File of the present run, of the previous one, or undefined where there is none. */
  file: string | undefined;
  /** Why there is none yet. */
  waiting?: string;
  /** Whether more may still come. */
  running: () => boolean;
};

export type LogServer = { port: number; close(): Promise<void> };

/**
 * What the kubelet's own port answers: `/containerLogs/<namespace>/<pod>/<container>`. Every account of this machine
 * reaches the port, so only the bearer of `token` is answered: the API server, which has asked whether the user may.
 */
export async function startLogServer(
  host: string,
  token: string,
  find: (
    pod: { namespace: string; name: string },
    container: string,
    previous: boolean,
  ) => LogTarget | undefined,
): Promise<LogServer> {
  const stopping = new AbortController();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://node');
    const [, root, namespace = '', name = '', container = ''] = url.pathname
      .split('/')
      .map(decodeURIComponent);
    if (url.pathname === '/healthz') return void response.end('ok');
    if (!sameText(request.headers.authorization ?? '', `Bearer ${token}`)) {
      return void response.writeHead(401).end('Unauthorized');
    }
    const previous = url.searchParams.get('previous') === 'true';
    const target = root === 'containerLogs' ? find({ namespace, name }, container, previous) : undefined;
    if (target?.file === undefined) {
      response.writeHead(root === 'containerLogs' && target !== undefined ? 400 : 404, {
        'content-type': 'text/plain',
      });
      const kind = previous ? 'previous terminated container' : 'container';
      const why = target?.waiting === undefined ? 'not found' : `is waiting to start: ${target.waiting}`;
      return void response.end(`${kind} "${container}" in pod "${name}" ${why}`);
    }
    const options = logOptions(url.searchParams);
    const content = await readFile(target.file, 'utf8').catch(() => '');
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
    response.write(formatLog(content, options));
    if (url.searchParams.get('follow') === 'true') {
      await follow(target, Buffer.byteLength(content), { response, options, signal: stopping.signal });
    }
    response.end();
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      stopping.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** In a time that does not tell how much of it is right. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function logOptions(query: URLSearchParams): LogOptions {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    return text === null || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  const [tailLines, limitBytes, seconds] = [
    number('tailLines'),
    number('limitBytes'),
    number('sinceSeconds'),
  ];
  const sinceTime = Date.parse(query.get('sinceTime') ?? '');
  const sinceMs = seconds === undefined ? sinceTime : Date.now() - seconds * 1000;
  return {
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(Number.isNaN(sinceMs) ? {} : { sinceMs }),
  };
}

const POLL_MS = 150;

async function follow(
  target: LogTarget,
  from: number,
  { response, options, signal }: { response: ServerResponse; options: LogOptions; signal: AbortSignal },
): Promise<void> {
  const format = createLogFormatter(options);
  const file = await open(target.file ?? '', 'r');
  let offset = from;
  const decoder = new StringDecoder('utf8');
  let rest = '';
  try {
    for (let last = false; !last && !response.destroyed && !signal.aborted; ) {
      last = !target.running();
      const buffer = Buffer.alloc(65_536);
      for (let read = -1; read !== 0; ) {
        read = (await file.read(buffer, 0, buffer.length, offset)).bytesRead;
        offset += read;
        const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) response.write(format(line));
      }
      if (!last) await sleep(POLL_MS);
    }
  } finally {
    await file.close();
  }
}
