import type { MerchantKeyStatus, PaymentVault, PSPConnector } from '@cofferdam/crds';
import { GROUP } from '@cofferdam/crds';
import { isRolledOut, type ObservedDeployment } from '../status/observed-types.ts';
import { type CertificatesRefused, certificate, certificatesRefused } from './certificate.ts';
import { accessConfigMap, caConfigMap, routingConfigMap } from './config-map.ts';
import { deployment } from './deployment.ts';
import type { Facts } from './facts.ts';
import { vaultRoutes } from './gateway-routes.ts';
import { horizontalPodAutoscaler } from './hpa.ts';
import { migrationJob } from './job.ts';
import { type KeyPlan, type KeyRefused, keyPlan } from './key.ts';
import type { Manifest } from './manifest.ts';
import { names } from './names.ts';
import { vaultNetworkPolicies } from './network-policy.ts';
import { podDisruptionBudget } from './pdb.ts';
import { templateOf } from './pod-template.ts';
import type { RolloutTurn } from './rollout-turn.ts';
import { service } from './service.ts';
import { serviceAccount } from './service-account.ts';
import { serviceMonitor } from './service-monitor.ts';
import { type TopicsPlan, topicsPlan } from './topics.ts';
import {
  migrationComponent,
  routerComponent,
  type VaultComponent,
  vaultComponent,
} from './vault-component.ts';

/** On a Deployment: the migration Job that came before it. A Job that was cleaned up is then not run again. */
export const MIGRATION_ANNOTATION = `${GROUP}/migration`;

const ROLES = ['vault', 'router'] as const;
type Role = (typeof ROLES)[number];
type Each<T> = Record<Role, T>;

/** What the plan has to know of the world. Everything else follows from the spec. */
export type ObservedForVault = {
  /** Connectors of this vault that are not being deleted, in any order. */
  connectors: readonly PSPConnector[];
  /** Names of migration Jobs that are complete. */
  completedJobs: ReadonlySet<string>;
  /** Names of all migration Jobs that there are. Absent: none, as when manifests are only rendered. */
  jobs?: ReadonlySet<string>;
  /** The Deployments that there are. */
  deployments?: Partial<Each<ObservedDeployment | undefined>>;
  /** Components that report, from pods of the wanted image and database, the schema that their code wants. */
  schemaIsCurrent?: Partial<Each<boolean>>;
  /** Absent: free. */
  turn?: RolloutTurn;
  /** ARN of the bound key, once there is one. */
  keyArn?: string | undefined;
  /** Keys of merchants' own, as they were found. Absent: none. */
  merchantKeys?: readonly MerchantKeyStatus[] | undefined;
};

export type PaymentVaultPlan = {
  /** What shall exist. A child that is neither here nor in `held` is deleted. */
  manifests: Manifest[];
  /** Deployments and Jobs that stay exactly as they are: what they wait for has not happened yet, or they are done. */
  held: { kind: 'Deployment' | 'Job'; name: string }[];
  /** The migration Job that each component's roll-out waits for. */
  migrations: Each<string>;
  /** Digests of the Jobs' pod templates: one that cannot run is replaced by one that may. */
  migrationTemplates: Each<string>;
  /** Components whose pods would be restarted for the operator's sake, and whose turn it is not. */
  queued: readonly Role[];
  /** Why spec.tls cannot be followed; pods stay as they are meanwhile. */
  certificates?: CertificatesRefused;
  topics: TopicsPlan;
  key: KeyPlan | KeyRefused;
};

/**
 * What a PaymentVault becomes. A component's new version is rolled out when its migration is complete (and the
 * vault's, when the key is bound) and its turn has come; until then the version that is there goes on serving.
 */
export function planPaymentVault(
  vault: PaymentVault,
  observed: ObservedForVault,
  facts: Facts,
): PaymentVaultPlan {
  const connectors = observed.connectors.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const parts: Each<Part> = {
    vault: part(vaultComponent(vault, facts, observed.keyArn ?? ''), migrationJobOf('vault')),
    router: part(routerComponent(vault, facts), migrationJobOf('router')),
  };
  const refusedCertificates = certificatesRefused(vault.spec, facts);
  const queued = ROLES.filter((role) => !isItsTurn(role, parts, observed));
  const steps = ROLES.map((role) => ({ role, ...parts[role], ...stepOf(role) }));

  return {
    manifests: [
      accessConfigMap(vault, connectors, facts, observed.merchantKeys),
      routingConfigMap(vault, connectors),
      caConfigMap(vault, facts),
      ...vaultNetworkPolicies(vault, facts),
      ...vaultRoutes(vault, facts),
      ...steps.flatMap(({ component, migration, deployment: rollout, makesJob, rolls }) => [
        ...around(component),
        ...serviceMonitor(component, vault, facts),
        ...certificate(component, vault, facts),
        ...(makesJob ? [migration] : []),
        ...(rolls ? [rollout] : []),
      ]),
    ],
    held: steps.flatMap(({ role, migration, makesJob, rolls }) => [
      ...(rolls ? [] : [{ kind: 'Deployment' as const, name: names[role](vault.metadata.name) }]),
      ...(makesJob ? [] : [{ kind: 'Job' as const, name: nameOf(migration) }]),
    ]),
    migrations: { vault: nameOf(parts.vault.migration), router: nameOf(parts.router.migration) },
    migrationTemplates: {
      vault: templateOf(parts.vault.migration.object) ?? '',
      router: templateOf(parts.router.migration.object) ?? '',
    },
    queued,
    ...(refusedCertificates === undefined ? {} : { certificates: refusedCertificates }),
    topics: topicsPlan(vault, facts),
    key: keyPlan(vault, facts),
  };

  function migrationJobOf(role: Role): Manifest {
    return migrationJob(migrationComponent(role, vault, facts), vault);
  }

  function stepOf(role: Role): { makesJob: boolean; rolls: boolean } {
    const job = nameOf(parts[role].migration);
    const deployed = observed.deployments?.[role];
    const recorded = deployed?.metadata.annotations?.[MIGRATION_ANNOTATION] === job;
    const reported = observed.schemaIsCurrent?.[role] ?? false;
    const turn = !queued.includes(role);
    // The record is of the past: while no pod can say what schema there is (a database put back from a backup, or
    // made anew under the same Secret), the migration runs once more, which changes nothing where all is well.
    const silent = (deployed?.status?.availableReplicas ?? 0) === 0;
    const exists = observed.jobs?.has(job) ?? false;
    const migrated = observed.completedJobs.has(job) || reported || recorded;
    return {
      makesJob: turn && !exists && !reported && (!recorded || silent),
      rolls:
        turn &&
        refusedCertificates === undefined &&
        migrated &&
        (role !== 'vault' || observed.keyArn !== undefined),
    };
  }
}

type Part = { component: VaultComponent; migration: Manifest; deployment: Manifest };

function part(component: VaultComponent, migration: Manifest): Part {
  const annotations = { [MIGRATION_ANNOTATION]: nameOf(migration) };
  return { component, migration, deployment: deployment({ ...component, annotations }) };
}

/**
 * Pods that would change for the operator's sake alone wait for their turn, migrations included; and the router
 * for the vault, so that a vault's share of an upgrade is one Deployment at a time.
 */
function isItsTurn(role: Role, parts: Each<Part>, observed: ObservedForVault): boolean {
  const { deployments = {}, turn = { turn: 'Free' } } = observed;
  const isCurrent = (one: Role) => {
    const deployed = deployments[one];
    return deployed === undefined || templateOf(deployed) === templateOf(parts[one].deployment.object);
  };
  if (turn.turn === 'Free' || isCurrent(role)) return true;
  if (turn.turn === 'Queued') return false;
  const { vault } = deployments;
  return role === 'vault' || vault === undefined || (isCurrent('vault') && isRolledOut(vault));
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

function nameOf(manifest: Manifest): string {
  return manifest.object.metadata.name;
}
