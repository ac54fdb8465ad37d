import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/desired/manifest.ts';
import {
  MIGRATION_ANNOTATION,
  type ObservedForVault,
  type PaymentVaultPlan,
  planPaymentVault,
} from '../../src/desired/payment-vault.ts';
import type { RolloutTurn } from '../../src/desired/rollout-turn.ts';
import type { KubeObject } from '../../src/engine/index.ts';
import type { ObservedDeployment } from '../../src/status/observed-types.ts';
import { facts, paymentVault } from '../fixtures.ts';

const KEY = 'arn:aws:kms:eu-central-1:000000000000:key/1';
const nothing: ObservedForVault = { connectors: [], completedJobs: new Set() };
const { migrations } = planPaymentVault(paymentVault(), nothing, facts);
const migrated: ObservedForVault = {
  ...nothing,
  completedJobs: new Set(Object.values(migrations)),
  keyArn: KEY,
};
const image = (digit: string) => `ghcr.io/cofferdam/x@sha256:${digit.repeat(64)}`;
const namesOf = (manifests: readonly Manifest[], kind: string) =>
  manifests.filter(({ resource }) => resource.kind === kind).map(({ object }) => object.metadata.name);
const heldOf = ({ held }: PaymentVaultPlan, wanted: string) =>
  held.flatMap(({ kind, name }) => (kind === wanted ? [name] : []));
const find = (manifests: readonly Manifest[], kind: string, name: string): KubeObject => {
  const found = manifests.find(
    ({ resource, object }) => resource.kind === kind && object.metadata.name === name,
  );
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found.object;
};

/** As the cluster has them after a roll-out of this plan. */
function deployed(plan: PaymentVaultPlan, available = 1): NonNullable<ObservedForVault['deployments']> {
  const of = (name: string): ObservedDeployment => ({
    ...(find(plan.manifests, 'Deployment', name) as unknown as ObservedDeployment),
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: available },
  });
  return { vault: of('payments-vault'), router: of('payments-router') };
}

test('a migration that ran once is not run again when its Job has been cleaned up', () => {
  const deployments = deployed(planPaymentVault(paymentVault(), migrated, facts));
  const plan = planPaymentVault(paymentVault(), { ...nothing, keyArn: KEY, deployments }, facts);
  expect(namesOf(plan.manifests, 'Job')).toEqual([]);
  expect(find(plan.manifests, 'Deployment', 'payments-vault').metadata.annotations).toMatchObject({
    [MIGRATION_ANNOTATION]: migrations.vault,
  });
});

test('a migration whose Job has been cleaned up runs again while no pod can say what schema there is', () => {
  const deployments = deployed(planPaymentVault(paymentVault(), migrated, facts), 0);
  const plan = planPaymentVault(paymentVault(), { ...nothing, keyArn: KEY, deployments }, facts);
  expect(namesOf(plan.manifests, 'Job')).toEqual([migrations.vault, migrations.router]);
  expect(namesOf(plan.manifests, 'Deployment')).toEqual(['payments-vault', 'payments-router']);
});

test('pods that report the schema which their code wants need no migration, whatever their Deployment says', () => {
  const deployments = deployed(planPaymentVault(paymentVault(), migrated, facts));
  for (const one of [deployments.vault, deployments.router])
    delete one?.metadata.annotations?.[MIGRATION_ANNOTATION];
  const observed = { ...nothing, keyArn: KEY, deployments };
  const schemaIsCurrent = { vault: true, router: false };
  const plan = planPaymentVault(paymentVault(), { ...observed, schemaIsCurrent }, facts);
  expect(namesOf(plan.manifests, 'Job')).toEqual([migrations.router]);
  expect(namesOf(plan.manifests, 'Deployment')).toEqual(['payments-vault']);
});

test('a migration is this code on this database: nothing else makes it another one', () => {
  const { database, ...rest } = paymentVault().spec;
  const of = (changes: Partial<typeof rest & { database: typeof database }>, facted = facts) =>
    planPaymentVault(paymentVault(changes), nothing, facted).migrations.vault;
  const resources = { limits: { memory: '1Gi' } };
  expect([
    of({ observability: { logLevel: 'Debug' } }),
    of({ scaling: { vault: { minReplicas: 3, resources } } }),
    of({ kafka: { bootstrapServers: ['a:9092'], manage: 'Admin' } }),
    of({}, { ...facts, operatorNamespace: 'elsewhere' }),
  ]).toEqual(Array(4).fill(migrations.vault));
  const { vault } = database;
  const others = [
    { ...vault, secretRef: { name: 'other' } },
    { ...vault, migrationSecretRef: { name: 'other' } },
    { ...vault, caRef: { name: 'ca' } },
    { ...vault, caRef: { name: 'ca', kind: 'ConfigMap' as const } },
  ].map((changed) => of({ database: { ...database, vault: changed } }));
  const images = { ...facts.images, vault: `ghcr.io/cofferdam/vault@sha256:${'b'.repeat(64)}` };
  expect(new Set([migrations.vault, ...others, of({ images })]).size).toBe(6);
});

test('a Job that is there is never applied again, because its template could not be changed', () => {
  const jobs = new Set(Object.values(migrations));
  const vault = paymentVault({ observability: { logLevel: 'Debug' } });
  const plan = planPaymentVault(vault, { ...nothing, jobs, keyArn: KEY }, facts);
  expect(namesOf(plan.manifests, 'Job')).toEqual([]);
  expect(plan.held).toEqual([
    { kind: 'Deployment', name: 'payments-vault' },
    { kind: 'Job', name: migrations.vault },
    { kind: 'Deployment', name: 'payments-router' },
    { kind: 'Job', name: migrations.router },
  ]);
});

describe("pods that would be restarted for the operator's sake", () => {
  const newer = { ...facts, images: { ...facts.images, vault: image('b'), router: image('c') } };
  const deployments = deployed(planPaymentVault(paymentVault(), migrated, facts));
  const plan = (observed: Partial<ObservedForVault>) =>
    planPaymentVault(paymentVault(), { ...migrated, deployments, ...observed }, newer);
  const queued: RolloutTurn = { turn: 'Queued', position: 1, waiting: 1, underWay: [] };

  test('wait for their turn, and so do their migrations', () => {
    const { manifests, queued: roles } = plan({ turn: queued });
    expect(roles).toEqual(['vault', 'router']);
    expect([...namesOf(manifests, 'Job'), ...namesOf(manifests, 'Deployment')]).toEqual([]);
  });

  test('go one Deployment at a time, the vault first', () => {
    const first = plan({ turn: { turn: 'Granted' } });
    expect(first.queued).toEqual(['router']);
    expect(namesOf(first.manifests, 'Job')).toEqual([first.migrations.vault]);
    const completedJobs = new Set(Object.values(first.migrations));
    const second = plan({ turn: { turn: 'Granted' }, completedJobs });
    expect(namesOf(second.manifests, 'Deployment')).toEqual(['payments-vault']);
    const third = plan({
      turn: { turn: 'Granted' },
      completedJobs,
      deployments: { ...deployments, vault: deployed(plan({ completedJobs })).vault },
    });
    expect(third.queued).toEqual([]);
    expect(namesOf(third.manifests, 'Deployment')).toEqual(['payments-vault', 'payments-router']);
  });

  test('do not wait when nothing of them changes', () => {
    const same = planPaymentVault(paymentVault(), { ...migrated, deployments, turn: queued }, facts);
    expect(same.queued).toEqual([]);
  });
});

test('another image is another migration, and the version that is there is held until it is done', () => {
  const digest = `sha256:${'b'.repeat(64)}`;
  const images = {
    vault: `ghcr.io/cofferdam/vault@${digest}`,
    router: facts.images.router,
    connector: facts.images.connector,
  };
  const plan = planPaymentVault(
    paymentVault({ images }),
    { ...migrated, deployments: deployed(planPaymentVault(paymentVault(), migrated, facts)) },
    facts,
  );
  expect(plan.migrations.vault).not.toBe(migrations.vault);
  expect(plan.migrations.router).toBe(migrations.router);
  expect(heldOf(plan, 'Deployment')).toEqual(['payments-vault']);
});
