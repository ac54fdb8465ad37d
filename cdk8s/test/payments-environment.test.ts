import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { hardLimits } from '../src/charts/quota.ts';
import { EnvironmentConfig } from '../src/config/environment-config.ts';
import { ConfigError, type Files, renderEnvironment } from '../src/index.ts';
import { secretsOf } from '../src/secret-names.ts';

const repository = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), 'utf8');
const prodText = read('environments/prod/config.yaml');
const prodConfig = () => EnvironmentConfig.parse(parse(prodText));
const release = read('environments/prod/release.yaml');
const Manifest = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });

function render(config: string): Files {
  return renderEnvironment({ directory: 'environments/prod', config, release });
}

function manifests(files: Files, kind: string) {
  return [...files]
    .filter(([name]) => name.includes(`-${kind.toLowerCase()}.`))
    .map(([, text]) => Manifest.parse(parse(text)));
}

/** What is said of prod's configuration after an edit of its text. */
function problemsAfter(from: string | RegExp, to: string): string[] {
  const edited = prodText.replace(from, to);
  expect(edited, 'the edit changes something').not.toBe(prodText);
  try {
    render(edited);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ place, path, message }) => `${place.split(':')[1]} ${path}: ${message}`);
  }
}

function lineOf(needle: string): number {
  return prodText.slice(0, prodText.indexOf(needle)).split('\n').length;
}

let prod: Files;
beforeAll(() => {
  prod = render(prodText);
});

describe('an environment', () => {
  test('has an ExternalSecret for each Secret that its rendered vault and connectors name, and for no other', () => {
    const custom = [...manifests(prod, 'PaymentVault'), ...manifests(prod, 'PSPConnector')];
    const named = new Set(
      JSON.stringify(custom).match(/(?<="[a-zA-Z]*(?:secret|credentials)Ref":\{"name":")[^"]+/gi),
    );
    expect(named.size).toBe(6);
    const made = manifests(prod, 'ExternalSecret').map(({ metadata }) => metadata.name);
    expect(made.sort()).toEqual([...named].sort());
    expect(prod.get('55-externalsecret.payments-prod.stripe-acme.yaml')).toContain(
      'key: payments/prod/stripe-acme',
    );
  });

  test('leaves a Secret where it is when its ExternalSecret goes, or its key in the store', () => {
    const targets = manifests(prod, 'ExternalSecret').map(
      (one) => z.object({ spec: z.object({ target: z.unknown() }) }).parse(one).spec.target,
    );
    expect(targets).toHaveLength(6);
    for (const target of targets) {
      expect(target).toMatchObject({ creationPolicy: 'Orphan', deletionPolicy: 'Retain' });
    }
  });

  test('names the Secrets of brokers, authorities, simulator and operator as well', () => {
    const config = prodConfig();
    const { kafka } = config.vault;
    if (kafka === undefined) throw new TypeError('prod has brokers');
    kafka.auth = { mechanism: 'ScramSha512', secretRef: { name: 'kafka-user' } };
    kafka.adminAuth = { mechanism: 'ScramSha512', secretRef: { name: 'cofferdam-kafka-admin' } };
    kafka.tls = { caRef: { name: 'kafka-ca' } };
    config.vault.database.vault.caRef = { kind: 'ConfigMap', name: 'database-ca' };
    config.vault.database.router.caRef = { kind: 'Secret', name: 'router-database-ca' };
    config.pspSimulator = { namespace: 'simulator' };
    const authorizationSecretRef = { name: 'collector-token', key: 'authorization' };
    const collector = { endpoint: 'https://collector.example', authorizationSecretRef };
    config.observability = { prometheusRules: false, dashboards: false, collector };
    const before = secretsOf(prodConfig());
    expect(secretsOf(config).filter(({ name }) => !before.some((one) => one.name === name))).toEqual([
      {
        namespace: 'cofferdam-system',
        name: 'cofferdam-kafka-admin',
        annotations: {
          'payments.cofferdam.dev/kafka-namespaces': 'payments-prod',
          'payments.cofferdam.dev/kafka-bootstrap-servers': kafka.bootstrapServers.join(','),
        },
      },
      { namespace: 'payments-prod', name: 'collector-token' },
      { namespace: 'payments-prod', name: 'kafka-ca' },
      { namespace: 'payments-prod', name: 'kafka-user' },
      { namespace: 'payments-prod', name: 'router-database-ca' },
      { namespace: 'simulator', name: 'psp-simulator-tls' },
    ]);
  });

  test('fits in its quota at its largest, while everything rolls and migrates', () => {
    const config = { ...prodConfig(), quota: { headroomPercent: 0 } };
    // (12 + 2 + 1) pods of vault and of router at 500m, 256Mi and 512Mi; 2 x (8 + 2) connectors at 100m, 192Mi, 512Mi.
    expect(hardLimits(config)).toEqual({
      pods: '50',
      'requests.cpu': '17',
      'requests.memory': `${Math.ceil((30 * 256 + 20 * 192) / 1024)}Gi`,
      'limits.memory': `${(50 * 512) / 1024}Gi`,
    });
    const collector = { endpoint: 'https://collector.example' };
    const observability = { prometheusRules: false, dashboards: false, collector };
    expect(hardLimits({ ...config, observability }).pods).toBe('53');
    const small = { minReplicas: 1, maxReplicas: 4 };
    const { scaling: _, ...unscaled } = config.vault;
    const scaling = { vault: small, router: small, connectors: { maxReplicas: 3 } };
    const vault = { ...unscaled, scaling };
    // 24 pods of 100m, and a quarter more.
    expect(hardLimits({ ...config, vault, quota: {} })).toMatchObject({ pods: '30', 'requests.cpu': '3' });
    const others = { pods: 10, cpuCores: 3, memoryGi: 4 };
    expect(hardLimits({ ...config, quota: { headroomPercent: 100, others } })).toEqual({
      pods: '110',
      'requests.cpu': '37',
      'requests.memory': '27Gi',
      'limits.memory': '54Gi',
    });
  });

  test('gives a size to every container that has none: a quota refuses those', () => {
    const [quota] = manifests(prod, 'ResourceQuota');
    const [range] = manifests(prod, 'LimitRange');
    expect(quota?.['spec']).toEqual({ hard: hardLimits(prodConfig()) });
    expect(range?.['spec']).toEqual({
      limits: [
        {
          type: 'Container',
          default: { memory: '512Mi' },
          defaultRequest: { cpu: '100m', memory: '192Mi' },
        },
      ],
    });
  });

  test("has a listener for each host name of the vault's routes, and passes the vault's own through", () => {
    const [gateway] = manifests(prod, 'Gateway');
    const Spec = z.object({
      listeners: z.array(
        z.object({ name: z.string(), hostname: z.string(), tls: z.object({ mode: z.string() }) }),
      ),
    });
    expect(Spec.parse(gateway?.['spec']).listeners).toEqual([
      { name: 'vault', hostname: 'vault.prod.acme.example', tls: { mode: 'Passthrough' } },
      { name: 'router', hostname: 'payments.prod.acme.example', tls: { mode: 'Terminate' } },
    ]);
  });

  test('has none of these where its configuration does not ask for them', () => {
    const { quota, externalSecrets, gateway, ...rest } = prodConfig();
    expect([quota, externalSecrets, gateway]).not.toContain(undefined);
    const kinds = [...render(stringify(rest)).keys()].map((name) => name.split(/[-.]/)[1]);
    expect(kinds).toContain('paymentvault');
    for (const kind of ['resourcequota', 'limitrange', 'externalsecret', 'gateway'])
      expect(kinds).not.toContain(kind);
  });
});

describe('what does not fit together is told at its place', () => {
  test.each([
    [
      'two connectors of one name',
      [/- name: adyen\n/, '- name: stripe\n'],
      /^\d+ connectors\.1\.name: there is another stripe above$/,
    ],
    [
      'a rule that names no connector',
      [
        '  scaling:',
        '  router: { rules: [{ when: {}, to: [{ connector: paypal, weight: 1 }] }] }\n  scaling:',
      ],
      /^\d+ vault\.router\.rules\.0\.to\.0\.connector: no connector has this name: there are stripe, adyen$/,
    ],
    [
      'a role that the operator would refuse',
      ['role/acme-prod-vault\n\n', 'role/another\n\n'],
      new RegExp(
        `^${lineOf('granteePrincipal')} vault\\.kms\\.granteePrincipal: is not among operator\\.grantees`,
      ),
    ],
    [
      'an operator that works elsewhere',
      ['  grantees:', '  namespaces: [shop]\n  grantees:'],
      /^\d+ operator\.namespaces: lacks payments-prod/,
    ],
    [
      'metrics that no NetworkPolicy lets out',
      [/ {4}scrapers:\n.*\n/, ''],
      /^\d+ operator\.serviceMonitor: needs operator\.network\.scrapers/,
    ],
    [
      'routes that no NetworkPolicy lets in',
      [/ {4}gateway:\n {6}from:\n.*\n/, ''],
      /^\d+ vault\.gateway: needs vault\.network\.gateway/,
    ],
    [
      'a Gateway of another name',
      ['parentRefs: [{ name: payments }]', 'parentRefs: [{ name: shared }]'],
      /gateway\.name/,
    ],
    [
      'a Gateway without a certificate',
      [/ {2}certificateRef: .*\n/, ''],
      new RegExp(`^${lineOf('\ngateway:') + 1} gateway: needs certificateRef`),
    ],
    [
      'a key for a Secret that nothing names',
      ['  keyPrefix:', '  keys: { stripe-other: a/b }\n  keyPrefix:'],
      /^\d+ externalSecrets\.keys\.stripe-other: is a Secret that nothing here names$/,
    ],
    ['an unknown member', ['keyPrefix:', 'keyPrefx:'], /^\d+ externalSecrets\.keyPrefx: unknown member$/],
  ] as const)('%s', (_, [from, to], said) => {
    expect(problemsAfter(from, to)).toEqual([expect.stringMatching(said)]);
  });
});
