import { expect, test } from 'vitest';
import type { Manifest } from '../../src/desired/manifest.ts';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { planPSPConnector } from '../../src/desired/psp-connector.ts';
import type { PodTemplateSpec } from '../../src/engine/kubernetes-types.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';

const migrations = planPaymentVault(
  paymentVault(),
  { connectors: [], completedJobs: new Set() },
  facts,
).migrations;
const ofVault = planPaymentVault(
  paymentVault(),
  { connectors: [], completedJobs: new Set(Object.values(migrations)), keyArn: 'arn' },
  facts,
).manifests;
const ofConnector = planPSPConnector(connector(), paymentVault(), facts);
if ('refused' in ofConnector) throw new Error(ofConnector.message);

const templates = [...ofVault, ...ofConnector.manifests].flatMap(
  ({ resource, object }): [string, PodTemplateSpec][] =>
    ['Deployment', 'Job'].includes(resource.kind)
      ? [
          [
            `${resource.kind}/${object.metadata.name}`,
            (object as unknown as { spec: { template: PodTemplateSpec } }).spec.template,
          ],
        ]
      : [],
);
const secretsOf = (name: string) =>
  templates
    .find(([of]) => of.startsWith(name))?.[1]
    .spec?.volumes?.flatMap(({ secret }) => secret?.secretName ?? []);

test.each(templates)(
  '%s is under the Pod Security Standard restricted, with a read-only root',
  (_name, { spec }) => {
    expect(spec?.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const container of spec?.containers ?? []) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
      });
      expect(container.resources?.limits).toHaveProperty('memory');
    }
  },
);

test.each(templates)(
  '%s has no token for the Kubernetes API, and those for our own audiences last ten minutes',
  (_name, { spec }) => {
    expect(spec?.automountServiceAccountToken).toBe(false);
    expect(spec?.enableServiceLinks).toBe(false);
    const sources = spec?.volumes?.flatMap(({ projected }) => projected?.sources ?? []) ?? [];
    for (const { serviceAccountToken } of sources) {
      expect(serviceAccountToken).toMatchObject({ expirationSeconds: 600, path: 'token' });
      expect(['cofferdam', 'cofferdam-certificates']).toContain(serviceAccountToken?.audience);
    }
  },
);

test('each pod mounts only the Secrets that it needs', () => {
  expect(secretsOf('Deployment/payments-vault')).toEqual(['vault-database']);
  expect(secretsOf('Deployment/payments-router')).toEqual(['router-database']);
  expect(secretsOf('Deployment/stripe-connector')).toEqual(['stripe-acme']);
  expect(secretsOf(`Job/${migrations.vault}`)).toEqual(['vault-database', 'vault-database-migration']);
  expect(secretsOf(`Job/${migrations.router}`)).toEqual(['router-database', 'router-database-migration']);
});

test('the Secrets that images are pulled with are those of every pod, migrations and connectors included', () => {
  const vault = paymentVault({ imagePullSecrets: [{ name: 'registry' }, { name: 'mirror' }] });
  const plan = planPaymentVault(vault, { connectors: [], completedJobs: new Set() }, facts);
  const connectors = planPSPConnector(connector(), vault, facts);
  if ('refused' in connectors) throw new Error(connectors.message);
  const jobs = plan.manifests.filter(({ resource }) => resource.kind === 'Job');
  const rolled = planPaymentVault(
    vault,
    { connectors: [], completedJobs: new Set(Object.values(plan.migrations)), keyArn: 'arn' },
    facts,
  ).manifests.filter(({ resource }) => resource.kind === 'Deployment');
  const pods = [...jobs, ...rolled, ...connectors.manifests].flatMap(({ object }) => {
    const { template } = (object as { spec?: { template?: PodTemplateSpec } }).spec ?? {};
    return template === undefined ? [] : [template.spec?.imagePullSecrets];
  });
  expect(pods).toEqual(Array(5).fill([{ name: 'registry' }, { name: 'mirror' }]));
});

test('no Service selects the pods of a migration', () => {
  const services = ofVault.filter(({ resource }) => resource.kind === 'Service') as (Manifest & {
    object: { spec: { selector: Record<string, string> } };
  })[];
  for (const [name, template] of templates) {
    const selected = services.filter(({ object }) =>
      Object.entries(object.spec.selector).every(
        ([key, value]) => template.metadata?.labels?.[key] === value,
      ),
    );
    expect([name, selected.length]).toEqual([name, name.startsWith('Deployment/payments') ? 1 : 0]);
  }
});
