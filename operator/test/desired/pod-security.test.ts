import { Images } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import type { Manifest } from '../../src/desired/manifest.ts';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { planPSPConnector } from '../../src/desired/psp-connector.ts';
import type { KubeObject } from '../../src/engine/index.ts';
import type { PodTemplateSpec } from '../../src/engine/kubernetes-types.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';
import { readRendered } from '../network/planned-cluster.ts';
import { restrictedViolations } from './pod-security-restricted.ts';

type Workload = KubeObject & { spec: { template: PodTemplateSpec } };
const caRef = { name: 'ca', kind: 'ConfigMap' as const };
const { database } = paymentVault().spec;
const everything = paymentVault({
  database: { ...database, vault: { ...database.vault, caRef } },
  tls: { issuerRef: { name: 'ca' }, caRef: { name: 'trusted' } },
  kafka: { bootstrapServers: ['a:9092'], manage: 'Admin' },
  scaling: { vault: { minReplicas: 2, maxReplicas: 5 } },
});
const known = { ...facts, apis: new Set(['cert-manager.io/Certificate']) };

const planned = [paymentVault(), everything].flatMap((vault): Manifest[] => {
  const jobs = Object.values(
    planPaymentVault(vault, { connectors: [], completedJobs: new Set() }, known).migrations,
  );
  const observed = { connectors: [], completedJobs: new Set(jobs), keyArn: 'arn' };
  const ofConnector = planPSPConnector(connector(), vault, known);
  if ('refused' in ofConnector) throw new Error(ofConnector.message);
  return [...planPaymentVault(vault, observed, known).manifests, ...ofConnector.manifests];
});
const rendered = readRendered('dev').filter(({ kind }) => kind === 'Deployment');
const objects = [...planned.map(({ object }) => object), ...rendered];
const workloads = objects.filter(({ kind }) => ['Deployment', 'Job'].includes(kind)) as Workload[];
const named = workloads.map((one): [string, Workload] => [`${one.kind}/${one.metadata.name}`, one]);

test('there is a pod of every kind to look at', () => {
  const names = named.map(([name]) => name.replace(/-migrate-\w+$/, '-migrate'));
  expect([...new Set(names)].sort()).toEqual([
    'Deployment/cofferdam-operator',
    'Deployment/payments-router',
    'Deployment/payments-vault',
    'Deployment/psp-simulator',
    'Deployment/stripe-connector',
    'Job/payments-router-migrate',
    'Job/payments-vault-migrate',
  ]);
});

test.each(named)('%s is under the Pod Security Standard restricted', (_, { spec }) => {
  expect(restrictedViolations(spec.template)).toEqual([]);
});

test.each(named)('%s runs images by digest', (_, { spec }) => {
  for (const { image } of spec.template.spec?.containers ?? [])
    expect(image).toMatch(/^[^@]+@sha256:[0-9a-f]{64}$/);
});

test('a tag in spec.images is refused by the definition', () => {
  const [vault, router, connectorImage] = Object.values(facts.images);
  expect(Images.safeParse({ vault, router, connector: connectorImage }).success).toBe(true);
  expect(
    Images.safeParse({ vault: 'ghcr.io/cofferdam/vault:1.0', router, connector: connectorImage }).success,
  ).toBe(false);
  const both = `ghcr.io/cofferdam/vault:1.0@sha256:${'a'.repeat(64)}`;
  expect(Images.safeParse({ vault: both, router, connector: connectorImage }).success).toBe(true);
});

test('every Deployment of a plan has a budget for disruptions and is spread over nodes and zones', () => {
  const budgets = objects
    .filter(({ kind }) => kind === 'PodDisruptionBudget')
    .map(({ metadata }) => metadata.name);
  for (const { kind, metadata, spec } of workloads.filter((one) => !rendered.includes(one))) {
    if (kind !== 'Deployment') continue;
    expect(budgets).toContain(metadata.name);
    const keys = spec.template.spec?.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey);
    expect(keys).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
  }
});

test('the checker finds what it looks for', () => {
  const [, { spec }] = named[0] as [string, Workload];
  const pod = spec.template.spec;
  if (pod === undefined) throw new Error('no pod');
  const [container] = pod.containers;
  if (container === undefined) throw new Error('no container');
  const { securityContext: _, ...bare } = container;
  const bad = {
    ...pod,
    hostNetwork: true,
    securityContext: { runAsUser: 0, sysctls: [{ name: 'kernel.msgmax', value: '1' }] },
    volumes: [{ name: 'docker', hostPath: { path: '/var/run' } }],
    containers: [
      {
        ...bare,
        ports: [{ containerPort: 1, hostPort: 1 }],
        securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN'] } },
      },
    ],
  };
  expect(restrictedViolations({ spec: bad })).toEqual([
    'hostNetwork',
    'runAsUser 0',
    'sysctl kernel.msgmax',
    'volume docker is a hostPath',
    ...[
      'privileged',
      'allowPrivilegeEscalation',
      'capabilities not dropped',
      'capability SYS_ADMIN',
      'seccompProfile',
      'runAsNonRoot',
      'hostPort',
    ].map((what) => `vault: ${what}`),
  ]);
});
