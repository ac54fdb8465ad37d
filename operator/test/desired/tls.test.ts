import type { PaymentVaultSpec } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import type { Manifest } from '../../src/desired/manifest.ts';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { planPSPConnector } from '../../src/desired/psp-connector.ts';
import type { PodTemplateSpec } from '../../src/engine/kubernetes-types.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';

const withCertManager = { ...facts, apis: new Set(['cert-manager.io/Certificate']) };
const issuedBy = (tls?: PaymentVaultSpec['tls']) => paymentVault(tls === undefined ? {} : { tls });
const ISSUER = { issuerRef: { name: 'internal', kind: 'ClusterIssuer' } } as const;

/** What a vault and its connector become, with migrations done and the key bound. */
function planned(vault: ReturnType<typeof paymentVault>, of = facts, psp = connector()): Manifest[] {
  const first = planPaymentVault(vault, { connectors: [], completedJobs: new Set() }, of);
  const completedJobs = new Set(Object.values(first.migrations));
  const plan = planPaymentVault(vault, { connectors: [], completedJobs, keyArn: 'arn' }, of);
  const jobs = first.manifests.filter(({ resource }) => resource.kind === 'Job');
  const forConnector = planPSPConnector(psp, vault, of);
  return [...plan.manifests, ...jobs, ...('manifests' in forConnector ? forConnector.manifests : [])];
}

const of = (manifests: Manifest[], kind: string) =>
  manifests.filter(({ resource }) => resource.kind === kind).map(({ object }) => object);
const templates = (manifests: Manifest[], kind: 'Deployment' | 'Job') =>
  of(manifests, kind).map((object) => {
    const { template } = (object as unknown as { spec: { template: PodTemplateSpec } }).spec;
    const [container] = template.spec?.containers ?? [];
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    return { name: object.metadata.name, container, env, volumes: template.spec?.volumes ?? [] };
  });

test('every pod that serves makes its own key, verifies by the bundle, and is probed over TLS; a migration has neither', () => {
  const manifests = planned(issuedBy());
  const serving = templates(manifests, 'Deployment');
  expect(serving.map(({ name }) => name)).toEqual(['payments-vault', 'payments-router', 'stripe-connector']);
  for (const { name, env, volumes, container } of serving) {
    expect(env).toMatchObject({
      CA_FILE: '/etc/cofferdam/ca/ca.crt',
      CERTIFICATE_URL: facts.certificateUrl,
      SERVICE_NAMES: expect.stringMatching(`^${name}\\.payments-dev\\.svc,`),
    });
    expect(volumes).toContainEqual({ name: 'ca', configMap: { name: 'payments-ca', defaultMode: 0o440 } });
    expect(container?.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'https', scheme: 'HTTPS' });
  }
  for (const { env, volumes } of templates(manifests, 'Job')) {
    expect(Object.keys(env).filter((name) => /CERTIFICATE|CA_FILE|TLS/.test(name))).toEqual([]);
    expect(volumes.filter(({ name }) => name === 'ca' || name === 'certificate-token')).toEqual([]);
  }
  const [bundle] = of(manifests, 'ConfigMap').filter(({ metadata }) => metadata.name === 'payments-ca');
  expect(bundle).toMatchObject({ data: { 'ca.crt': facts.caBundle } });
});

test('another bundle changes the ConfigMap and no pod template: pods read it again by themselves', () => {
  const later = planned(issuedBy(), { ...facts, caBundle: `${facts.caBundle}${facts.caBundle}` });
  expect(templates(later, 'Deployment')).toEqual(templates(planned(issuedBy()), 'Deployment'));
});

test('with spec.tls cert-manager certifies a new ECDSA key each time, and pods mount it and our CA no more', () => {
  const manifests = planned(issuedBy({ ...ISSUER, caRef: { name: 'internal-ca' } }), withCertManager);
  const certificates = of(manifests, 'Certificate');
  expect(certificates.map(({ metadata }) => metadata.name)).toEqual([
    'payments-vault',
    'payments-router',
    'stripe-connector',
  ]);
  expect(certificates[0]).toMatchObject({
    apiVersion: 'cert-manager.io/v1',
    spec: {
      secretName: 'payments-vault-tls',
      dnsNames: expect.arrayContaining(['payments-vault.payments-dev.svc']),
      privateKey: { algorithm: 'ECDSA', rotationPolicy: 'Always' },
      issuerRef: { name: 'internal', kind: 'ClusterIssuer', group: 'cert-manager.io' },
    },
  });
  for (const { name, env, volumes } of templates(manifests, 'Deployment')) {
    expect(env).toMatchObject({ TLS_DIR: '/etc/cofferdam/tls', CA_FILE: '/etc/cofferdam/ca/ca.crt' });
    expect(env).not.toHaveProperty('CERTIFICATE_URL');
    expect(volumes).toContainEqual({
      name: 'tls',
      secret: { secretName: `${name}-tls`, defaultMode: 0o440 },
    });
    expect(volumes).toContainEqual({ name: 'ca', configMap: { name: 'internal-ca', defaultMode: 0o440 } });
  }
});

test.each([
  ['is', withCertManager],
  ['is not', facts],
])(
  'where cert-manager %s there, pods from before spec.tls keep what they renew their certificates with',
  (_what, known) => {
    const manifests = planned(issuedBy(ISSUER), known);
    expect(of(manifests, 'ConfigMap').map(({ metadata }) => metadata.name)).toContain('payments-ca');
    const policies = of(manifests, 'NetworkPolicy').filter(({ metadata }) =>
      ['payments-vault', 'payments-router'].includes(metadata.name),
    );
    expect(policies).toHaveLength(2);
    for (const policy of policies) expect(JSON.stringify(policy)).toContain('"port":8443');
  },
);

test('with a public issuer no bundle is mounted', () => {
  const [vault] = templates(planned(issuedBy(ISSUER), withCertManager), 'Deployment');
  expect(vault?.env).toHaveProperty('TLS_DIR');
  expect(vault?.env).not.toHaveProperty('CA_FILE');
});

test('where there is no cert-manager, pods stay as they are and the resources say why', () => {
  const vault = issuedBy(ISSUER);
  const plan = planPaymentVault(vault, { connectors: [], completedJobs: new Set(), keyArn: 'arn' }, facts);
  expect(plan.certificates).toMatchObject({ reason: 'CertManagerMissing' });
  expect(plan.held.filter(({ kind }) => kind === 'Deployment')).toHaveLength(2);
  expect(of(planned(vault), 'Certificate')).toEqual([]);
  expect(planPSPConnector(connector(), vault, facts)).toMatchObject({ refused: 'CertManagerMissing' });
});

test("a sandbox's own authority is mounted into its connector alone", () => {
  const endpointCaRef = { kind: 'ConfigMap', name: 'psp-simulator-ca' } as const;
  const pods = templates(planned(issuedBy(), facts, connector('stripe', { endpointCaRef })), 'Deployment');
  expect(pods.map(({ env }) => env.ENDPOINT_CA_FILE)).toEqual([
    undefined,
    undefined,
    '/etc/cofferdam/endpoint-ca/ca.crt',
  ]);
  expect(pods[2]?.volumes).toContainEqual({
    name: 'endpoint-ca',
    configMap: { name: 'psp-simulator-ca', defaultMode: 0o440 },
  });
});
