import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { AwsError } from './aws-error.ts';
import { Credentials } from './credentials.ts';
import { type AwsRequest, answerKms, answerSts, type Kms, type Trace } from './dispatch.ts';
import { DropConnection, FaultOrder, Faults } from './faults.ts';
import { KeyRing } from './key-ring.ts';
import { type CallLog, KmsConfig, type KmsOptions } from './options.ts';
import { openStateFile } from './state-file.ts';
import { jwksGetter } from './sts/jwks.ts';
import { xmlError, xmlResult } from './sts/xml.ts';

export interface KmsServer {
  host: string;
  port: number;
  /** For AWS_ENDPOINT_URL_KMS and AWS_ENDPOINT_URL_STS. */
  url: string;
  stop(): Promise<void>;
}

const MAX_BODY_BYTES = 1 << 20;
type Log = (entry: CallLog) => void;

/**
 * Starts a stand-in for AWS KMS and STS: KMS's JSON protocol and STS's Query protocol at `/`, `GET /healthz`, and
 * `POST /faults` (see faults.ts) for tests. Real cryptography and real checks, and keys in a file: for demo and
 * tests, and for nothing that matters.
 *
 * @throws when the options are not valid, the state cannot be read, or the address is taken
 */
export async function startKms(options: KmsOptions): Promise<KmsServer> {
  const { log = () => {}, now = Date.now, serviceAccountIssuer, ...rest } = options;
  const config = KmsConfig.parse(rest);
  const file = openStateFile(config.stateDirectory, { durable: config.durable });
  const credentials = new Credentials({
    sealingKey: Buffer.from(file.state.sessionSealingKey, 'base64'),
    ...{ principals: config.principals, staticKeys: config.staticKeys, now },
  });
  const issuer = serviceAccountIssuer && {
    issuer: serviceAccountIssuer.issuer,
    jwks: jwksGetter(serviceAccountIssuer.jwks),
  };
  const { account, region } = config;
  const kms: Kms = {
    ring: new KeyRing(file, { account, region, now }),
    ...{ credentials, faults: new Faults(), sts: { credentials, issuer, account, now } },
  };
  const server = createServer((request, response) => {
    handle(request, response, { kms, log }).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 75_000; // at the default of 5 s a client that lags asks on a connection that is being closed
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.listen.port, config.listen.host, resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : config.listen.port;
  return {
    host: config.listen.host,
    port,
    url: `http://${config.listen.host}:${port}`,
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface Answer {
  status: number;
  type: string;
  content: string;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { kms, log }: { kms: Kms; log: Log },
): Promise<void> {
  const body = await readBody(request);
  const path = request.url ?? '/';
  const plain = (status: number, content: string) => reply(response, { status, type: 'text/plain', content });
  if (body === undefined) return plain(413, 'too large');
  if (request.method === 'GET' && path === '/healthz') return plain(200, 'ok');
  if (path === '/faults') return reply(response, answerFaults(request, body, kms.faults));
  if (request.method !== 'POST' || path !== '/') return plain(404, 'not found');

  const requestId = randomUUID();
  response.setHeader('x-amzn-requestid', requestId);
  // The SDK sets its clock by this one.
  response.setHeader('date', new Date(kms.ring.now()).toUTCString());
  const answer = await answerAws({ headers: request.headers, body }, { kms, log, requestId });
  if (answer === undefined) response.destroy();
  else reply(response, answer);
}

/** The answer to a call of KMS or STS, errors included; undefined for a connection to be dropped. */
async function answerAws(
  request: AwsRequest,
  { kms, log, requestId }: { kms: Kms; log: Log; requestId: string },
): Promise<Answer | undefined> {
  const startedAt = performance.now();
  const sts = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  const type = sts ? 'text/xml' : 'application/x-amz-json-1.1';
  const trace: Trace = { service: sts ? 'sts' : 'kms', operation: '' };
  const write = (result: string, detail?: string) => {
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
    log({ ...trace, result, ...(detail !== undefined && { detail }), durationMs });
  };
  try {
    const content = sts
      ? xmlResult(await answerSts(request, kms, trace), requestId)
      : JSON.stringify(await answerKms(request, kms, trace));
    write('ok');
    return { status: 200, type, content };
  } catch (error) {
    if (error instanceof DropConnection) {
      write('dropped');
      return undefined;
    }
    const known =
      error instanceof AwsError
        ? error
        : new AwsError('KMSInternalException', 'Internal failure', { cause: error });
    write(known.code, error instanceof Error ? error.message : String(error));
    const content = sts
      ? xmlError(known.code, known.message, requestId)
      : JSON.stringify({ __type: known.code, message: known.message });
    return { status: known.status, type, content };
  }
}

/** `GET /faults` and `POST /faults`. The content type is demanded so that no web page can post here. */
function answerFaults(request: IncomingMessage, body: Buffer, faults: Faults): Answer {
  const refuse = (status: number, content: string): Answer => ({ status, type: 'text/plain', content });
  if (request.method === 'POST') {
    if (request.headers['content-type'] !== 'application/json')
      return refuse(415, 'content-type must be application/json');
    let order: unknown;
    try {
      order = JSON.parse(body.toString('utf8'));
    } catch {
      return refuse(400, 'not JSON');
    }
    const parsed = FaultOrder.safeParse(order);
    if (!parsed.success) return refuse(400, z.prettifyError(parsed.error));
    faults.replace(parsed.data.faults);
  }
  return { status: 200, type: 'application/json', content: JSON.stringify({ faults: faults.list() }) };
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reply(response: ServerResponse, { status, type, content }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(content) });
  response.end(content);
}
