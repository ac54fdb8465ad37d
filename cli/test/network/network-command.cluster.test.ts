import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from '@cofferdam/devcluster/apiserver';
import {
  createClient,
  createTransport,
  kubeconfigFile,
  RESOURCES,
  type Resource,
} from '@cofferdam/operator/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explainWith } from './terminal.ts';

let api: Awaited<ReturnType<typeof startApiServer>>;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cofferdam-network-'));
  api = await startApiServer({ stateDirectory: directory });
  const transport = createTransport(await kubeconfigFile(api.kubeconfig));
  const client = createClient({ transport, fieldManager: 'test' });
  const make = (resource: Resource, name: string, content: object, labels = {}) =>
    client.apply(resource, {
      apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
      kind: resource.kind,
      metadata: { name, labels, ...(resource.namespaced ? { namespace: 'shop' } : {}) },
      ...content,
    });
  const pod = {
    containers: [{ name: 'main', image: 'main', ports: [{ name: 'http', containerPort: 8080 }] }],
  };
  await make(RESOURCES.namespaces, 'shop', {});
  await make(RESOURCES.serviceAccounts, 'default', {});
  await make(RESOURCES.pods, 'client', { spec: pod }, { app: 'client' });
  await make(RESOURCES.deployments, 'web', {
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: pod },
    },
  });
  await make(RESOURCES.networkPolicies, 'web', {
    spec: {
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 'http' }] }],
    },
  });
  await transport.close();
});

afterAll(async () => {
  await api.close();
  await rm(directory, { recursive: true, force: true });
});

const explain = (from: string, to: string, port: number) =>
  explainWith([
    '--kubeconfig',
    api.kubeconfig,
    '-n',
    'shop',
    '--from',
    from,
    '--to',
    to,
    '--port',
    String(port),
  ]);

test('network explain reads pods, workloads and policies of a cluster', async () => {
  expect(await explain('client', 'web', 8080)).toEqual({
    text: `yes: shop/client -> shop/web on 8080/TCP
  egress   allowed: no policy selects the pod for this direction
  ingress  allowed by shop/web, spec.ingress[0]
`,
    status: 0,
  });
  expect(await explain('default/app=client', 'app=web', 8080)).toEqual({
    text: `no: a pod default/app=client -> shop/web on 8080/TCP
  ingress  denied: selected by shop/web, and no rule there allows it
`,
    status: 2,
  });
});
