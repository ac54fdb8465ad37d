import { createClient, createTransport, kubeconfigFile, RESOURCES } from '@cofferdam/operator/engine';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startControllers } from '../../src/index.ts';
import { startTestServer, type TestServer } from '../apiserver/test-server.ts';

let server: TestServer;
let client: ReturnType<typeof createClient>;
let stop: () => Promise<void>;

beforeAll(async () => {
  server = await startTestServer();
  const transport = createTransport(await kubeconfigFile(server.kubeconfig));
  client = createClient({ transport, fieldManager: 'test' });
  const controllers = startControllers({ client, caPem: server.caPem, only: ['garbage-collector'] });
  stop = async () => {
    await controllers.stop();
    await transport.close();
    await server.stop();
  };
});
afterAll(() => stop());

const ownedBy = (kind: string, apiVersion = 'v1') => [{ apiVersion, kind, name: 'gone', uid: 'uid-of-gone' }];

const configMap = (name: string, ownerReferences: object[]) =>
  client.create(RESOURCES.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ownerReferences },
  } as never);

describe('the garbage collector', () => {
  it('deletes what has lost its owner, and nothing whose owner it cannot look for', async () => {
    const clusterRoles = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      plural: 'clusterroles',
      kind: 'ClusterRole',
      namespaced: false,
    };
    // An owner in a namespace, of an object that is in none: there is no place to look.
    await client.create(clusterRoles, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'stray', ownerReferences: ownedBy('ConfigMap') },
      rules: [],
    } as never);
    await configMap('of-an-unknown-kind', ownedBy('Widget', 'example.com/v1'));
    await configMap('orphan', ownedBy('ConfigMap'));

    await vi.waitFor(
      () =>
        expect(
          client.get(RESOURCES.configMaps, { namespace: 'default', name: 'orphan' }),
        ).rejects.toMatchObject({ code: 'not_found' }),
      { timeout: 10_000, interval: 50 },
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await client.get(clusterRoles, { name: 'stray' })).toBeDefined();
    expect(
      await client.get(RESOURCES.configMaps, { namespace: 'default', name: 'of-an-unknown-kind' }),
    ).toBeDefined();
  });
});
