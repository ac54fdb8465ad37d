import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { createTestTls, type TestTls } from '@cofferdam/devcluster/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  createApp,
  createLogger,
  createMetrics,
  createServiceClient,
  Lifecycle,
  openTls,
  Readiness,
  readEnvironment,
  tlsSettings,
} from '../../src/index.ts';

const CARD = '4242424242424242';
const NAME = 'payments-vault.payments-dev.svc';
const open = { config: { access: 'public' as const } };

let tls: TestTls;
const lines: string[] = [];
const logger = createLogger({ service: 'test', level: 'info' }, { write: (line) => void lines.push(line) });
let lifecycle = new Lifecycle();
beforeAll(async () => {
  tls = await createTestTls([NAME, 'localhost']);
});
afterAll(() => tls.remove());
afterEach(async () => {
  await lifecycle.close(logger, 5000);
  lifecycle = new Lifecycle();
  lines.length = 0;
});

/** A service with one route that takes a card. */
async function serve(env: Record<string, string>) {
  const [metrics, readiness] = [createMetrics(), new Readiness()];
  const config = readEnvironment(z.object(tlsSettings), { CA_FILE: tls.caFile, ...env });
  const { credentials, trust } = await openTls(config, { lifecycle, logger, metrics, readiness });
  const app = createApp({ logger, metrics, readiness, tls: credentials });
  let handled = 0;
  app.post('/cards', open, async () => ({ handled: ++handled }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  lifecycle.onClose('app', () => app.close());
  const { port } = app.server.address() as AddressInfo;
  const client = createServiceClient({
    ...{ baseUrl: `https://127.0.0.1:${port}`, trust, timeoutMs: 2000 },
    token: async () => 'none',
  });
  lifecycle.onClose('client', () => client.close());
  const Answer = z.object({ handled: z.number() });
  return {
    port,
    metrics,
    readiness,
    handled: () => handled,
    pay: () => client.call({ method: 'POST', path: '/cards', body: { card: CARD }, answer: Answer }),
  };
}

/** What a new connection is shown. */
function shown(port: number, options: object = {}): Promise<{ serial: string; protocol: string | null }> {
  return new Promise((resolve, reject) => {
    const ca = tls.ca;
    const socket = connect({ host: '127.0.0.1', port, ca, servername: NAME, ...options }, () => {
      const [serial, protocol] = [socket.getPeerCertificate().serialNumber, socket.getProtocol()];
      socket.destroy();
      resolve({ serial, protocol });
    });
    socket.once('error', reject);
  });
}

async function until(wanted: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await wanted()) return;
    await sleep(25);
  }
  throw new Error(`it did not come to that:\n${lines.join('')}`);
}

describe('a service with TLS_DIR', () => {
  it('answers over TLS 1.2 and 1.3, and nothing older', async () => {
    const { port, pay } = await serve({ TLS_DIR: tls.directory });
    expect(await pay()).toEqual({ handled: 1 });
    expect((await shown(port)).protocol).toBe('TLSv1.3');
    expect((await shown(port, { maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(shown(port, old)).rejects.toThrow(/protocol version|no protocols available/i);
  });

  it('gives a card in plaintext no answer, and no handler', async () => {
    const { port, handled } = await serve({ TLS_DIR: tls.directory });
    const socket = connectTcp(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    const body = `{"card":"${CARD}"}`;
    socket.write(
      `POST /cards HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await new Promise((resolve) => socket.once('close', resolve).once('error', () => {}));
    expect(answer).not.toContain('HTTP');
    expect(handled()).toBe(0);
    expect(lines.join('')).not.toContain(CARD);
  });

  it('shows a renewed certificate to new connections, without a restart or a failed request', async () => {
    const { port, pay } = await serve({ TLS_DIR: tls.directory });
    const before = await shown(port);
    let paying = true;
    const payments = (async () => {
      let made = 0;
      while (paying) {
        await pay();
        made++;
        await sleep(5);
      }
      return made;
    })();
    await tls.renew();
    await until(async () => (await shown(port)).serial !== before.serial);
    paying = false;
    expect(await payments).toBeGreaterThan(10);
  });

  it('keeps the certificate that it has while the new pair does not fit together', async () => {
    const { port, metrics } = await serve({ TLS_DIR: tls.directory });
    const before = await shown(port);
    const file = join(tls.directory, 'tls.key');
    const good = readFileSync(file);
    writeFileSync(file, (await tls.authority.issue({ subject: 'another', names: [] })).keyPem);
    await until(() => lines.join('').includes('the key is not that of the certificate'));
    writeFileSync(file, good);
    expect(await shown(port)).toEqual(before);
    expect(await metrics.text()).toMatch(/cofferdam_certificate_expiry_timestamp_seconds \d{10}/);
  });

  it('says that it is not ready once its certificate has expired', async () => {
    await tls.renew({ notAfter: new Date(Date.now() - 60_000) });
    const { readiness } = await serve({ TLS_DIR: tls.directory });
    await tls.renew();
    const { checks } = await readiness.report();
    expect(checks).toEqual([
      { name: 'certificate', ok: false, detail: expect.stringMatching(/^the certificate expired at /) },
    ]);
  });

  it('does not start without a usable pair', async () => {
    await expect(serve({ TLS_DIR: '/nowhere' })).rejects.toThrow(/^TLS_DIR is not usable: ENOENT/);
  });
});

describe('a service with CERTIFICATE_URL', () => {
  const requests: { authorization: string | undefined }[] = [];
  let refuse = false;
  let lifeMs = 60_000;
  let signer: Server;
  const env = () => ({
    CERTIFICATE_URL: `https://localhost:${(signer.address() as AddressInfo).port}`,
    CERTIFICATE_TOKEN_FILE: join(tls.directory, 'token'),
    SERVICE_NAMES: `${NAME},payments-vault`,
  });
  /** As the operator's authority answers; the address of this machine stands in for a Service's name. */
  beforeAll(async () => {
    const { certificate: cert, key } = tls.pair;
    signer = createServer({ cert, key }, async (request, response) => {
      requests.push({ authorization: request.headers.authorization });
      const type = { 'content-type': 'application/json' };
      if (refuse) {
        const problem = { type: 'about:blank', title: 'Forbidden', status: 403, code: 'forbidden' };
        response.writeHead(403, type).end(JSON.stringify({ ...problem, detail: 'not your name' }));
        return;
      }
      const { csr } = JSON.parse((await request.setEncoding('utf8').toArray()).join(''));
      const notBefore = new Date();
      const notAfter = new Date(Date.now() + lifeMs);
      const certificate = await tls.authority.sign(csr, { notBefore, notAfter, addresses: ['127.0.0.1'] });
      response.writeHead(201, type).end(JSON.stringify({ certificate, notBefore, notAfter }));
    });
    await new Promise<void>((resolve) => signer.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    signer.closeAllConnections();
    signer.close();
  });
  afterEach(() => {
    refuse = false;
    lifeMs = 60_000;
    requests.length = 0;
  });
  const writeToken = (token: string) => writeFileSync(join(tls.directory, 'token'), `${token}\n`);

  it('waits for it, lives meanwhile, says what it waits for, and has then the names of its Service', async () => {
    refuse = true;
    writeToken('first');
    const { port, readiness, handled, pay } = await serve(env());
    await until(() => requests.length > 0);
    await until(async () => {
      const { ready, checks } = await readiness.report();
      return !ready && /answered 403 forbidden: not your name/.test(checks[0]?.detail ?? '');
    });
    // A kubelet's probe verifies nothing; every client of ours does.
    expect((await shown(port, { rejectUnauthorized: false })).serial).toBeDefined();
    await expect(pay()).rejects.toMatchObject({ failure: 'unsent' });
    expect(handled()).toBe(0);

    refuse = false;
    writeToken('second');
    await until(async () => (await readiness.report()).ready);
    await shown(port, { servername: 'payments-vault' });
    expect(await pay()).toEqual({ handled: 1 });
    expect(new Set(requests.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer first', 'Bearer second']),
    );
    const told = lines.find((line) => line.includes('not your name')) ?? '';
    expect(told).toContain('waiting for a certificate from localhost:');
  });

  it('renews it before it expires, without a restart or a failed request', async () => {
    lifeMs = 3000;
    writeToken('a');
    const { port, readiness, pay } = await serve(env());
    await until(async () => (await readiness.report()).ready);
    const serials = new Set<string>();
    const end = performance.now() + 4500; // longer than one certificate lives
    while (performance.now() < end) {
      await pay();
      serials.add((await shown(port)).serial);
      expect((await readiness.report()).ready).toBe(true);
      await sleep(25);
    }
    expect(serials.size).toBeGreaterThanOrEqual(3);
  });

  it('serves on with the old one while renewing fails, until that expires', async () => {
    lifeMs = 3000;
    writeToken('a');
    const { port, readiness, pay } = await serve(env());
    await until(async () => (await readiness.report()).ready);
    refuse = true;
    const { serial } = await shown(port);
    await until(() => lines.some((line) => line.includes('not your name')));
    await pay();
    expect(await shown(port)).toMatchObject({ serial });
    expect((await readiness.report()).ready).toBe(true);
    await until(async () =>
      /^the certificate expired at .*; waiting for/.test((await readiness.report()).checks[0]?.detail ?? ''),
    );
    refuse = false;
    await until(async () => (await readiness.report()).ready);
    expect((await shown(port)).serial).not.toBe(serial);
  });

  it('gives its token to nobody whom it cannot verify, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    writeToken('a');
    const stranger = await createTestTls();
    const { readiness } = await serve({ ...env(), CA_FILE: stranger.caFile });
    await until(() => lines.some((line) => line.includes('waiting for a certificate')));
    expect((await readiness.report()).ready).toBe(false);
    expect(requests).toEqual([]);
    vi.unstubAllEnvs();
    stranger.remove();
  });
});
