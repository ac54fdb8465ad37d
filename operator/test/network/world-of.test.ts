import { expect, test } from 'vitest';
import { canConnect, worldOf } from '../../src/network/index.ts';

const meta = (name: string, namespace?: string, labels?: Record<string, string>) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  ...(labels === undefined ? {} : { labels }),
});
const web = [{ name: 'web', ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9000 }] }];

test('worldOf() finds pods, workloads, namespaces and policies among any objects', () => {
  const objects: Record<string, unknown>[] = [
    { kind: 'Namespace', metadata: meta('shop', undefined, { team: 'a' }) },
    { kind: 'ConfigMap', metadata: meta('ignored'), data: {} },
    {
      kind: 'Pod',
      metadata: meta('p', 'shop', { app: 'p' }),
      spec: { containers: web },
      status: { podIP: '10.0.0.1' },
    },
    {
      kind: 'Deployment',
      metadata: meta('d', 'shop', { not: 'these' }),
      spec: { template: { metadata: { labels: { app: 'd' } }, spec: { containers: web } } },
    },
    { kind: 'Job', metadata: meta('j'), spec: { template: { spec: { containers: [{ name: 'j' }] } } } },
    {
      kind: 'NetworkPolicy',
      metadata: meta('n', 'shop'),
      spec: { podSelector: { matchLabels: { app: 'd' } } },
    },
  ];
  const { world, pods } = worldOf(objects);
  const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }];
  expect(world.namespaces).toEqual({ shop: { team: 'a' } });
  expect(pods).toEqual([
    { namespace: 'shop', name: 'p', labels: { app: 'p' }, ports, address: '10.0.0.1' },
    { namespace: 'shop', name: 'd', labels: { app: 'd' }, ports },
    { namespace: 'default', name: 'j', labels: {}, ports: [] },
  ]);
  const [from, to] = pods;
  if (from === undefined || to === undefined) throw new Error('pods are missing');
  expect(canConnect({ from, to, port: 8080 }, world)).toEqual({
    allowed: false,
    by: [{ side: 'ingress', why: 'denied', policies: ['shop/n'] }],
  });
});

test('worldOf() refuses an object that is not what its kind says', () => {
  expect(() => worldOf([{ kind: 'Pod' }])).toThrow(/metadata/);
  const policy = {
    kind: 'NetworkPolicy',
    metadata: meta('n'),
    spec: { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/40' } }] }] },
  };
  expect(() => worldOf([policy])).toThrow(/CIDR block/);
});
