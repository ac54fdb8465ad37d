import { expect, test } from 'vitest';
import { discoverApis, OPTIONAL_RESOURCES } from '../../src/engine/index.ts';
import { json, startStub, status } from './stub-api-server.ts';

const all = Object.values(OPTIONAL_RESOURCES);
const groups = (...names: [string, ...string[]][]) =>
  json({
    kind: 'APIGroupList',
    groups: names.map(([name, ...versions]) => ({
      name,
      versions: versions.map((version) => ({ version })),
    })),
  });
const resources = (...kinds: [string, string][]) =>
  json({ kind: 'APIResourceList', resources: kinds.map(([name, kind]) => ({ name, kind })) });

test('a cluster without any of the kinds is asked once', async () => {
  await using stub = await startStub(groups(['apps', 'v1'], ['gateway.networking.k8s.io', 'v1beta1']));
  expect(await discoverApis(stub.client, all)).toEqual(new Set());
  expect(stub.requests.map(({ url }) => url.pathname)).toEqual(['/apis']);
});

test('a kind counts only where its group serves it in our version', async () => {
  await using stub = await startStub(
    groups(['gateway.networking.k8s.io', 'v1', 'v1beta1'], ['cert-manager.io', 'v1']),
    resources(['httproutes', 'HTTPRoute'], ['httproutes/status', 'HTTPRoute'], ['gateways', 'Gateway']),
    status(404, 'NotFound'),
  );
  expect(await discoverApis(stub.client, all)).toEqual(new Set(['gateway.networking.k8s.io/HTTPRoute']));
});

test('what was known holds while the server of a group does not answer', async () => {
  await using stub = await startStub(groups(['cilium.io', 'v2']), status(503, 'ServiceUnavailable'));
  const before = new Set(['cilium.io/CiliumNetworkPolicy', 'kafka.strimzi.io/KafkaTopic']);
  expect(await discoverApis(stub.client, all, before)).toEqual(new Set(['cilium.io/CiliumNetworkPolicy']));
});
