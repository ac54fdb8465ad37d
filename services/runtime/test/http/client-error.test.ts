import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { createTestTls, type TestTls } from '@cofferdam/devcluster/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createApp,
  createLogger,
  createMetrics,
  Lifecycle,
  openTls,
  Readiness,
  readEnvironment,
  tlsSettings,
} from '../../src/index.ts';

const CARD = '4242424242424242';
const lines: string[] = [];
const lifecycle = new Lifecycle();
const logger = createLogger({ service: 'test', level: 'info' }, { write: (line) => void lines.push(line) });
let tls: TestTls;
let port: number;
let hungUp = 0;

beforeAll(async () => {
  tls = await createTestTls(['localhost']);
  const config = readEnvironment(z.object(tlsSettings), { CA_FILE: tls.caFile, TLS_DIR: tls.directory });
  const [metrics, readiness] = [createMetrics(), new Readiness()];
  const { credentials } = await openTls(config, { lifecycle, logger, metrics, readiness });
  const app = createApp({ logger, metrics, readiness, tls: credentials, requestTimeoutMs: 300 });
  app.addHook('onRequestAbort', (_request, done) => {
    hungUp++;
    done();
  });
  app.post('/cards', { config: { access: 'public' } }, async () => ({ ok: true }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  lifecycle.onClose('app', () => app.close());
  port = (app.server.address() as AddressInfo).port;
});
afterAll(async () => {
  await lifecycle.close(logger, 5000);
  tls.remove();
});

/** Sends these bytes and nothing more, and reads until the server has ended the connection. */
function send(bytes: string | Buffer, { hangUp = false } = {}): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, ca: tls.ca, servername: 'localhost' }, () => {
      socket.write(bytes, () => hangUp && socket.destroy());
    });
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => undefined).on('close', () => resolve(answer));
  });
}

const head = (length: number, more = '') =>
  `POST /cards HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;

it.each([
  ['a body that never ends', `${head(100)}{"number":"${CARD}"`, 408, 'request_timeout'],
  ['a head that never ends', `POST /cards HTTP/1.1\r\nx-card: ${CARD}\r\n`, 408, 'request_timeout'],
  ['headers without end', head(0, `x-card: ${CARD.repeat(2000)}\r\n`), 431, 'headers_too_large'],
  ['what is not HTTP', `${CARD}\r\n\r\n`, 400, 'invalid_request'],
  ['a header with a control character', head(0, `x-card: ${CARD}\u0000\r\n`), 400, 'invalid_request'],
])('answers %s with a problem, and ends the connection', async (_name, bytes, status, code) => {
  const answer = await send(bytes);
  const [top = '', body = ''] = answer.split('\r\n\r\n');
  expect(top).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(top).toContain('content-type: application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status, code, requestId: expect.stringMatching(/^req_/) });
  expect(answer + lines.join('')).not.toContain('4242');
});

it('takes a caller who hangs up in the middle for no failure of its own', async () => {
  const before = hungUp;
  await send(`${head(100)}{"number":"${CARD}"`, { hangUp: true });
  await expect.poll(() => hungUp).toBeGreaterThan(before);
  expect(lines.join('')).not.toContain('"level":"error"');
});
