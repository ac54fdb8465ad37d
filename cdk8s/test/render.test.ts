import { readFileSync } from 'node:fs';
import { definitionFiles, PaymentVault, PSPConnector } from '@cofferdam/crds';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Files, type Inputs, renderEnvironment, renderInstall } from '../src/index.ts';

const repository = new URL('../../', import.meta.url);

function inputsOf(directory: string): Inputs {
  const read = (name: string) => readFileSync(new URL(`${directory}/${name}`, repository), 'utf8');
  return { directory, config: read('config.yaml'), release: read('release.yaml') };
}

const Container = z.object({
  image: z.string(),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  livenessProbe: z.object({}),
  readinessProbe: z.object({}),
});
const RestrictedDeployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        securityContext: z.object({
          runAsNonRoot: z.literal(true),
          seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
        }),
        containers: z.array(Container).min(1),
      }),
    }),
  }),
});
const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

let dev: Files;
let install: Files;
beforeAll(() => {
  dev = renderEnvironment(inputsOf('environments/dev'));
  install = renderInstall(inputsOf('install'));
});

function manifests(files: Files, kind?: string) {
  // Definitions take long to read.
  const named = [...files].filter(([name]) => kind === undefined || name.includes(`-${kind.toLowerCase()}.`));
  return named.map(([, text]) => Manifest.parse(parse(text, { version: '1.1' })));
}

describe('rendering', () => {
  test('gives the same bytes every time, whatever the order of the members', () => {
    expect([...renderEnvironment(inputsOf('environments/dev'))]).toEqual([...dev]);
    const inputs = inputsOf('environments/dev');
    const document: unknown = parse(inputs.config);
    const reversed = Object.fromEntries(Object.entries(z.looseObject({}).parse(document)).reverse());
    expect([...renderEnvironment({ ...inputs, config: JSON.stringify(reversed) })]).toEqual([...dev]);
  });

  test('copies the definitions byte for byte into the install, and for Argo CD with nothing but annotations', () => {
    for (const [name, content] of definitionFiles()) {
      const file = `10-customresourcedefinition.${name}`;
      expect(install.get(file)).toBe(content);
      const { annotations: _, ...metadata } = Manifest.parse(parse(dev.get(file) ?? '')).metadata;
      expect({ ...Manifest.parse(parse(dev.get(file) ?? '')), metadata }).toEqual(parse(content));
    }
  });

  test('names files so that namespaces and definitions come before what needs them', () => {
    const kinds = manifests(dev).map(({ kind }) => kind);
    expect(kinds.slice(0, 5).sort()).toEqual([
      ...['CustomResourceDefinition', 'CustomResourceDefinition'],
      ...['Namespace', 'Namespace', 'Namespace'],
    ]);
    expect(kinds.slice(-3)).toEqual(['PaymentVault', 'PSPConnector', 'PSPConnector']);
  });
});

describe.each(['dev', 'staging', 'prod'])('environments/%s', (environment) => {
  let all: ReturnType<typeof manifests>;
  const ofKind = (kind: string) => all.filter((manifest) => manifest.kind === kind);
  beforeAll(() => {
    all = manifests(renderEnvironment(inputsOf(`environments/${environment}`)));
  });

  test('has one vault and two connectors that the definitions take, and an operator of its own', () => {
    expect(ofKind('PaymentVault').map((vault) => PaymentVault.parse(vault).metadata.name)).toEqual([
      'payments',
    ]);
    expect(ofKind('PSPConnector').map((one) => PSPConnector.parse(one).spec.vaultRef.name)).toEqual([
      'payments',
      'payments',
    ]);
    const operator = ofKind('Deployment').find(({ metadata }) => metadata.name === 'cofferdam-operator');
    expect(operator?.['spec']).toMatchObject({ replicas: environment === 'dev' ? 1 : 2 });
    expect(ofKind('PodDisruptionBudget').map(({ metadata }) => metadata.name)).toEqual([
      'cofferdam-operator',
    ]);
  });

  test('lets no Deployment run but in the Pod Security Standard `restricted`', () => {
    const deployments = ofKind('Deployment');
    const simulated = environment === 'prod' ? [] : ['psp-simulator'];
    expect(deployments.map(({ metadata }) => metadata.name)).toEqual(['cofferdam-operator', ...simulated]);
    for (const deployment of deployments)
      expect(RestrictedDeployment.safeParse(deployment).error).toBeUndefined();
    for (const { metadata } of ofKind('Namespace'))
      expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('holds no Secret', () => {
    expect(ofKind('Secret')).toEqual([]);
  });

  test('puts every namespaced object into a namespace that it also renders', () => {
    const namespaces = ofKind('Namespace').map(({ metadata }) => metadata.name);
    const used = all.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(used.filter((namespace) => !namespaces.includes(namespace))).toEqual([]);
  });
});

describe('environments/dev', () => {
  test('has one vault with the pins of the release, and two connectors of that vault', () => {
    const vaults = manifests(dev, 'PaymentVault').map((manifest) => PaymentVault.parse(manifest));
    const zeros = `sha256:${'0'.repeat(64)}`;
    expect(vaults.map(({ metadata, spec }) => [metadata.name, spec.vaultId, spec.images])).toEqual([
      [
        'payments',
        'acme-dev',
        {
          vault: `ghcr.io/cofferdam/vault@${zeros}`,
          router: `ghcr.io/cofferdam/router@${zeros}`,
          connector: `ghcr.io/cofferdam/connector@${zeros}`,
        },
      ],
    ]);
    const connectors = manifests(dev, 'PSPConnector').map((manifest) => PSPConnector.parse(manifest));
    expect(
      connectors.map(({ metadata, spec }) => [metadata.name, spec.provider, spec.vaultRef.name]),
    ).toEqual([
      ['adyen', 'adyen', 'payments'],
      ['stripe', 'stripe', 'payments'],
    ]);
  });

  test('renders no operator and no definitions where the cluster has them already', () => {
    const inputs = inputsOf('environments/dev');
    const { operator: _, ...config } = z.looseObject({ operator: z.unknown() }).parse(parse(inputs.config));
    const files = renderEnvironment({ ...inputs, config: JSON.stringify(config) });
    expect([...files.keys()].filter((name) => /operator|customresource/.test(name))).toEqual([]);
    expect(manifests(files, 'PaymentVault')).toHaveLength(1);
  });
});

describe('the operator', () => {
  const ClusterRole = z.object({
    rules: z.array(
      z.object({
        resources: z.array(z.string()).default([]),
        resourceNames: z.array(z.string()).optional(),
        verbs: z.array(z.string()),
      }),
    ),
  });

  test('may read no Secret but its own two, become nobody else, and do nothing to everything', () => {
    const rules = [...manifests(install, 'ClusterRole'), ...manifests(install, 'Role')].flatMap(
      (role) => ClusterRole.parse(role).rules,
    );
    const secrets = rules.filter(({ resources }) => resources.includes('secrets'));
    expect(secrets).toEqual([
      { resources: ['secrets'], resourceNames: ['cofferdam-kafka-admin'], verbs: ['get'] },
      { resources: ['secrets'], resourceNames: ['cofferdam-ca'], verbs: ['get', 'update'] },
      { resources: ['secrets'], verbs: ['create'] },
    ]);
    const forbidden = ['clusterroles', 'roles', 'rolebindings', 'serviceaccounts/token', 'pods/exec', '*'];
    expect(rules.flatMap(({ resources }) => resources).filter((name) => forbidden.includes(name))).toEqual(
      [],
    );
    const powers = ['*', 'escalate', 'bind', 'impersonate', 'deletecollection'];
    expect(rules.flatMap(({ verbs }) => verbs).filter((verb) => powers.includes(verb))).toEqual([]);
  });

  test('is the same chart in both places, but for replicas, annotations, environment, grantees and network', () => {
    const shared = [...install.keys()].filter(
      (name) => !/deployment|serviceaccount|grantees|networkpolicy/.test(name),
    );
    const body = (files: Files, name: string) => {
      const manifest = Manifest.parse(parse(files.get(name) ?? ''));
      const { annotations: _, ...metadata } = manifest.metadata;
      return { ...manifest, metadata };
    };
    expect(shared.length).toBeGreaterThan(8);
    for (const name of shared) expect(body(dev, name), name).toEqual(body(install, name));
  });

  test('works in the namespaces that it is given without any right to the cluster', () => {
    const inputs = inputsOf('install');
    const config = z.looseObject({ operator: z.looseObject({}) }).parse(parse(inputs.config));
    const operator = { ...config.operator, namespaces: ['shop-a', 'shop-b'] };
    const files = renderInstall({ ...inputs, config: JSON.stringify({ operator }) });
    expect([...manifests(files, 'ClusterRole'), ...manifests(files, 'ClusterRoleBinding')]).toEqual([]);
    const roles = manifests(files, 'Role').map((role) => [role.metadata.namespace, ClusterRole.parse(role)]);
    const [everywhere] = manifests(install, 'ClusterRole').map((role) => ClusterRole.parse(role));
    const [own] = manifests(install, 'Role').map((role) => ClusterRole.parse(role));
    expect(Object.fromEntries(roles)).toEqual({
      'cofferdam-system': own,
      'shop-a': everywhere,
      'shop-b': everywhere,
    });
    expect(manifests(files, 'RoleBinding').map(({ subjects }) => subjects)).toEqual(
      Array(3).fill([{ kind: 'ServiceAccount', name: 'cofferdam-operator', namespace: 'cofferdam-system' }]),
    );
    expect(files.get('70-deployment.cofferdam-system.cofferdam-operator.yaml')).toContain(
      '- name: WATCH_NAMESPACES\n              value: shop-a,shop-b',
    );
  });

  test('gets the grantees of each namespace as a file', () => {
    const ConfigMap = z.object({ data: z.object({ 'grantees.json': z.string() }) });
    const [grantees] = manifests(dev, 'ConfigMap').map((manifest) => ConfigMap.parse(manifest).data);
    expect(JSON.parse(grantees?.['grantees.json'] ?? '')).toEqual({
      'payments-dev': ['arn:aws:iam::000000000000:role/acme-dev-vault'],
    });
  });
});
