import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { componentSize } from '@cofferdam/crds';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { InstallConfig, type OperatorConfig } from '../../src/config/operator-config.ts';
import { Release } from '../../src/config/release.ts';
import { renderInstall } from '../../src/index.ts';

const CHART = fileURLToPath(new URL('../../../charts/cofferdam-operator', import.meta.url));
const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const Manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
type Manifest = z.infer<typeof Manifest>;

const release = Release.parse(parse(read('install/release.yaml')));
const digest = (character: string) => `sha256:${character.repeat(64)}`;
const pinned: Release = {
  images: {
    operator: `registry.example:5000/cofferdam/operator@${digest('1')}`,
    vault: `registry.example:5000/cofferdam/vault@${digest('2')}`,
    router: `registry.example:5000/cofferdam/router@${digest('3')}`,
    connector: `registry.example:5000/cofferdam/connector@${digest('4')}`,
    'psp-simulator': `registry.example:5000/cofferdam/psp-simulator@${digest('5')}`,
  },
};
const everything: OperatorConfig = {
  namespace: 'payments-operator',
  replicas: 3,
  serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/operator' },
  env: { MAX_ROLLOUTS: '10', LOG_LEVEL: 'debug', STATUSZ_TOKEN_FILE: '' },
  imagePullSecrets: [{ name: 'registry' }, { name: 'mirror' }],
  nodeSelector: { 'kubernetes.io/arch': 'arm64', pool: 'system' },
  tolerations: [
    { key: 'dedicated', operator: 'Equal', value: 'payments', effect: 'NoSchedule' },
    { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 },
  ],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['a', 'b'] }] },
        ],
      },
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: 'topology.kubernetes.io/zone',
            labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'operator' } },
          },
        },
      ],
    },
  },
  // What is not said keeps its default: the request for CPU.
  resources: { requests: { memory: '256Mi' }, limits: { cpu: '2', memory: '1Gi' } },
  prometheusRule: true,
  serviceMonitor: { intervalSeconds: 15, labels: { release: 'prometheus' } },
  grantees: { empty: [], shop: ['arn:aws:iam::111122223333:role/vault', 'arn:aws:iam::111122223333:user/x'] },
  network: {
    scrapers: [
      { namespaceSelector: { matchLabels: { name: 'monitoring' } }, podSelector: {} },
      { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['prometheus'] }] } },
    ],
    apiServer: { to: [{ cidr: '10.0.0.10/32' }, { cidr: 'fd00::/8' }], ports: [6443] },
    kms: { to: [{ cidr: '10.1.0.0/16' }] },
    kafka: { to: [{ namespaceSelector: {} }], ports: [9092, 9096] },
    dns: { to: [{ cidr: '169.254.20.10/32' }], ports: [53, 5353] },
  },
};

/** What is installed -> its configuration: that of the repository, all that can be said, and named namespaces. */
const INSTALLS: Record<string, { config: OperatorConfig; release: Release }> = {
  'as install/config.yaml has it': {
    config: InstallConfig.parse(parse(read('install/config.yaml'))).operator,
    release,
  },
  'with every setting': { config: everything, release: pinned },
  'in named namespaces, without rights to the cluster': {
    config: {
      namespace: 'payments-operator',
      replicas: 1,
      grantees: {},
      namespaces: ['payments-a', 'payments-b'],
      serviceMonitor: {},
      // Empty is as good as absent.
      imagePullSecrets: [],
      nodeSelector: {},
      tolerations: [],
      affinity: {},
      network: { dns: { to: [{ podSelector: { matchLabels: { app: 'coredns' } } }] } },
    },
    release: pinned,
  },
};

function valuesOf({ config, release }: { config: OperatorConfig; release: Release }) {
  const { namespace: _, ...values } = config;
  const { 'psp-simulator': __, ...images } = release.images;
  return { ...values, images };
}

const absent =
  spawnSync('helm', ['version']).status === 0 ? undefined : 'helm is not installed: its tests are skipped';
if (absent) console.log(absent);

/** Helm built from source believes in an old Kubernetes. */
const KUBERNETES = ['--kube-version', '1.34.0'];
const helm = (args: readonly string[], values: unknown): string =>
  execFileSync('helm', [...args, ...KUBERNETES, '--values', '-'], {
    encoding: 'utf8',
    input: JSON.stringify(values),
    stdio: 'pipe',
  });
const template = (namespace: string, values: unknown) =>
  manifests(helm(['template', 'any-name', CHART, '--namespace', namespace], values));

function manifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS() as unknown)
    .filter((document) => document !== null)
    .map((document) => Manifest.parse(document));
}

/** By kind, namespace and name; settings of a container by name, for neither way of rendering has an order of them. */
function byIdentity(all: readonly Manifest[]): Record<string, unknown> {
  const entries = all.map((manifest) => [
    [manifest.kind, manifest.metadata.namespace, manifest.metadata.name].join('/'),
    JSON.parse(JSON.stringify(manifest), (key, value) =>
      key === 'env' && Array.isArray(value) ? Object.fromEntries(value.map((one) => [one.name, one])) : value,
    ),
  ]);
  expect(new Set(entries.map(([identity]) => identity)).size).toBe(entries.length);
  return Object.fromEntries(entries);
}

function withoutKept(manifest: Manifest): Manifest {
  if (manifest.kind !== 'CustomResourceDefinition') return manifest;
  const { 'helm.sh/resource-policy': kept, ...annotations } = manifest.metadata.annotations ?? {};
  expect(kept).toBe('keep');
  const { annotations: _, ...metadata } = manifest.metadata;
  return {
    ...manifest,
    metadata: { ...metadata, ...(Object.keys(annotations).length ? { annotations } : {}) },
  };
}

describe('values.yaml', () => {
  test('asks for what install/config.yaml and install/release.yaml do', () => {
    const nothing = {
      ...{ env: {}, network: {}, prometheusRule: false, serviceAccountAnnotations: {} },
      ...{ imagePullSecrets: [], nodeSelector: {}, tolerations: [], affinity: {}, resources: {} },
    };
    const { config } = INSTALLS['as install/config.yaml has it'] ?? {};
    expect(parse(read('charts/cofferdam-operator/values.yaml'))).toEqual({
      ...(config && valuesOf({ config, release })),
      ...nothing,
      crds: { enabled: true },
    });
  });
});

describe.skipIf(absent)('the chart', () => {
  test.each(Object.entries(INSTALLS))('renders what the cdk8s install renders, %s', (_, install) => {
    const inputs = {
      directory: 'install',
      config: stringify({ operator: install.config }),
      release: stringify(install.release),
    };
    const wanted = [...renderInstall(inputs).values()].flatMap(manifests);
    // Helm puts the release into a namespace that exists: one among the templates could never be installed.
    const found = template(install.config.namespace, valuesOf(install)).map(withoutKept);
    expect(byIdentity(found)).toEqual(byIdentity(wanted.filter(({ kind }) => kind !== 'Namespace')));
  });

  test('leaves the definitions to somebody else where it is told so', () => {
    const kinds = template('payments-operator', { crds: { enabled: false } }).map(({ kind }) => kind);
    expect(kinds).not.toContain('CustomResourceDefinition');
    expect(kinds).toContain('Deployment');
  });

  test('gives the operator a size where `helm upgrade --reuse-values` brings no default of this chart', () => {
    const deployment = template('payments-operator', { resources: null }).find(
      ({ kind }) => kind === 'Deployment',
    );
    const { requests, limits } = componentSize(undefined).resources;
    expect(JSON.stringify(deployment)).toContain(JSON.stringify({ limits, requests }));
  });

  test('is what helm lint takes, strictly', () => {
    expect(helm(['lint', CHART, '--strict'], valuesOf({ config: everything, release: pinned }))).toContain(
      '0 chart(s) failed',
    );
  });

  test.each([
    ['a tag for a digest', { images: { vault: 'ghcr.io/cofferdam/vault:1.2.3' } }, '/images/vault'],
    ['a value that there is not', { replicaCount: 2 }, "'replicaCount' not allowed"],
    ['no namespace, which would be taken for all', { namespaces: [] }, '/namespaces'],
    ['more pods than may wait', { replicas: 9 }, '/replicas'],
    ['a place that is misspelt', { affinity: { nodeAfinity: {} } }, "'nodeAfinity' not allowed"],
  ])('refuses %s', (_, values, place) => {
    expect(() => template('payments-operator', values)).toThrow(place);
  });
});
