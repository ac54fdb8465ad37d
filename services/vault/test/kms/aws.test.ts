import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { awsKeyManagement } from '../../src/kms/aws.ts';

let server: Server;
afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

it('a KMS that takes a request and never answers counts as unreachable within seconds', async () => {
  let requests = 0;
  server = createServer(() => void requests++).listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const kms = awsKeyManagement();
  const context = { vaultId: 'acme-dev', merchant: 'acme', purpose: 'record' };
  const startedAt = performance.now();
  await expect(kms.unwrap('arn:aws:kms:x', Buffer.alloc(8), context)).rejects.toMatchObject({
    name: 'KeyManagementError',
    failure: 'unreachable',
  });
  expect(requests).toBe(2);
  expect(performance.now() - startedAt).toBeLessThan(8000);
  kms.close();
});
