import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KMSClient } from '@aws-sdk/client-kms';
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

it('credentials that never come hold up no call for longer', async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const never = new Promise<never>(() => {});
  const client = new KMSClient({ region: 'eu-central-1', credentials: () => never });
  const kms = awsKeyManagement(client, { limitMs: 100 });
  const context = { vaultId: 'acme-dev', merchant: 'acme', purpose: 'record' };
  await expect(kms.unwrap('arn:aws:kms:x', Buffer.alloc(8), context)).rejects.toMatchObject({
    failure: 'unreachable',
  });
  kms.close();
});
