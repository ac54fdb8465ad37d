import type { PaymentVault, PSPConnector } from '@cofferdam/crds';
import { GROUP } from '@cofferdam/crds';
import { accessConfigMap, routingConfigMap } from './config-map.ts';
import { deployment } from './deployment.ts';
import type { Facts } from './facts.ts';
import { horizontalPodAutoscaler } from './hpa.ts';
import { migrationJob } from './job.ts';
import { type KeyPlan, type KeyRefused, keyPlan } from './key.ts';
import type { Manifest } from './manifest.ts';
import { names } from './names.ts';
import { vaultNetworkPolicies } from './network-policy.ts';
import { podDisruptionBudget } from './pdb.ts';
import { service } from './service.ts';
import { serviceAccount } from './service-account.ts';
import { type TopicsPlan, topicsPlan } from './topics.ts';
import {
  migrationComponent,
  routerComponent,
  type VaultComponent,
  vaultComponent,
} from './vault-component.ts';

/** On a Deployment: the migration Job that came before it. A Job that was cleaned up is then not run again. */
export const MIGRATION_ANNOTATION = `${GROUP}/migration`;

/** What the plan has to know of the world. Everything else follows from the spec. */
export type ObservedForVault = {
  /** Connectors of this vault that are not being deleted, in any order. */
  connectors: readonly PSPConnector[];
  /** Names of migration Jobs that are complete. */
  completedJobs: ReadonlySet<string>;
  /** Value of {@link MIGRATION_ANNOTATION} on the Deployments that there are. */
  migratedBy: { vault?: string | undefined; router?: string | undefined };
  /** ARN of the bound key, once there is one. */
  keyArn?: string | undefined;
};

export type PaymentVaultPlan = {
  /** What shall exist. A child that is neither here nor in `held` is deleted. */
  manifests: Manifest[];
  /** Names of Deployments that stay exactly as they are: what they wait for has not happened yet. */
  held: string[];
  /** The migration Job that each component's roll-out waits for. */
  migrations: { vault: string; router: string };
  topics: TopicsPlan;
  key: KeyPlan | KeyRefused;
};

/**
 * What a PaymentVault becomes. A component's new version is rolled out when its migration is complete (and the
 * vault's, when the key is bound); until then the version that is there goes on serving.
 */
export function planPaymentVault(
  vault: PaymentVault,
  observed: ObservedForVault,
  facts: Facts,
): PaymentVaultPlan {
  const connectors = observed.connectors.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const migrations = {
    vault: migrationJob(migrationComponent('vault', vault, facts)),
    router: migrationJob(migrationComponent('router', vault, facts)),
  };
  const components = {
    vault: vaultComponent(vault, facts, observed.keyArn ?? ''),
    router: routerComponent(vault, facts),
  };
  const isMigrated = (role: 'vault' | 'router') => {
    const job = migrations[role].object.metadata.name;
    return observed.completedJobs.has(job) || observed.migratedBy[role] === job;
  };
  const mayRoll = {
    vault: isMigrated('vault') && observed.keyArn !== undefined,
    router: isMigrated('router'),
  };

  return {
    manifests: [
      accessConfigMap(vault, connectors, facts),
      routingConfigMap(vault, connectors),
      ...vaultNetworkPolicies(vault, facts),
      ...(['vault', 'router'] as const).flatMap((role) => [
        ...around(components[role]),
        ...(needsJob(role) ? [migrations[role]] : []),
        ...(mayRoll[role] ? [rollout(components[role], migrations[role])] : []),
      ]),
    ],
    held: (['vault', 'router'] as const)
      .filter((role) => !mayRoll[role])
      .map((role) => names[role](vault.metadata.name)),
    migrations: {
      vault: migrations.vault.object.metadata.name,
      router: migrations.router.object.metadata.name,
    },
    topics: topicsPlan(vault, facts),
    key: keyPlan(vault, facts),
  };

  /** A Job that is gone is made again only when nothing shows that it has already run. */
  function needsJob(role: 'vault' | 'router'): boolean {
    const job = migrations[role].object.metadata.name;
    return observed.completedJobs.has(job) || observed.migratedBy[role] !== job;
  }
}

/** What stands around a component whether or not its pods run yet. */
function around(component: VaultComponent): Manifest[] {
  return [
    serviceAccount(component),
    service(component),
    podDisruptionBudget(component),
    ...horizontalPodAutoscaler(component),
  ];
}

function rollout(component: VaultComponent, migration: Manifest): Manifest {
  return deployment({
    ...component,
    annotations: { [MIGRATION_ANNOTATION]: migration.object.metadata.name },
  });
}
