import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../src/certificates/authority.ts';
import { runProbe } from '../../src/kubelet/probe.ts';

const container = { name: 'web', image: 'web' };
let port: number;
const server = await (async () => {
  const stranger = await createAuthority('stranger');
  const expired = { subject: 'x', names: ['elsewhere.test'], notAfter: new Date(Date.now() - 1000) };
  const { certificatePem: cert, keyPem: key } = await stranger.issue(expired);
  return createServer({ cert, key }, ({ url }, response) =>
    response.writeHead(url === '/healthz' ? 200 : 503).end(),
  );
})();
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => void server.close());

const probe = (path: string, scheme: string) =>
  runProbe({ httpGet: { path, port, scheme } }, container, '127.0.0.1');

describe('a probe over HTTPS', () => {
  it('asks whether a container answers, not who it is, as the kubelet does', async () => {
    expect(await probe('/healthz', 'HTTPS')).toEqual({ succeeded: true, message: '' });
    expect(await probe('/readyz', 'HTTPS')).toEqual({
      succeeded: false,
      message: 'HTTP probe failed with statuscode: 503',
    });
  });

  it('fails in plaintext at a server that speaks TLS alone', async () => {
    expect((await probe('/healthz', 'HTTP')).succeeded).toBe(false);
  });
});
