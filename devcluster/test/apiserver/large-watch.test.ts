import {
  createClient,
  createReflector,
  createTransport,
  kubeconfigFile,
  RESOURCES,
} from '@cofferdam/operator/engine';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());

it('a collection larger than what a watcher may lag behind is watched from its beginning', async () => {
  const transport = createTransport(await kubeconfigFile(server.kubeconfig));
  const client = createClient({ transport });
  const data = { text: 'x'.repeat(900_000) };
  for (let i = 0; i < 48; i++) {
    const metadata = { name: `large-${i}`, namespace: 'default' };
    await client.create(RESOURCES.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data,
    } as never);
  }
  const errors: unknown[] = [];
  const reflector = createReflector({
    client,
    resource: RESOURCES.configMaps,
    namespace: 'default',
    watchList: true,
    onError: (error) => errors.push(error),
  });
  try {
    reflector.start();
    await reflector.synced();
    expect(reflector.store.size).toBe(48);
    expect(errors).toEqual([]);
  } finally {
    await reflector.stop();
    await transport.close();
  }
});
