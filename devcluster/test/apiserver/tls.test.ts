import { readFile } from 'node:fs/promises';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

function certificateFor(servername: string, ca: string): Promise<PeerCertificate> {
  const { hostname, port } = new URL(server.url);
  return new Promise((done, fail) => {
    const socket: TLSSocket = connect({ host: hostname, port: Number(port), servername, ca }, () => {
      done(socket.getPeerCertificate());
      socket.end();
    });
    socket.on('error', fail);
  });
}

describe('the serving certificate', () => {
  test.each(['localhost', 'kubernetes', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'])(
    'is good for %s',
    async (name) => {
      const certificate = await certificateFor(name, server.caPem);
      expect(certificate.subjectaltname).toContain('IP Address:127.0.0.1');
    },
  );

  test('is for no other name', async () => {
    await expect(certificateFor('example.com', server.caPem)).rejects.toThrow(/altnames/);
  });

  test('is signed by an authority that no other server shares', async () => {
    const other = await startTestServer();
    await expect(certificateFor('localhost', other.caPem)).rejects.toThrow();
    await other.stop();
  });

  test('is trusted by the kubeconfig, which only its owner can read', async () => {
    const text = await readFile(server.kubeconfig, 'utf8');
    const config = parse(text) as {
      clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    };
    expect(config.clusters[0]?.cluster.server).toBe(server.url);
    const ca = Buffer.from(
      config.clusters[0]?.cluster['certificate-authority-data'] ?? '',
      'base64',
    ).toString();
    expect(ca).toBe(server.caPem);
  });
});
