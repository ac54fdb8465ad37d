import type { Statusz } from '@cofferdam/contracts';
import {
  NOT_YET_ACTED_ON,
  type PaymentVault,
  type PaymentVaultStatus,
  pathsThatAreSet,
  type RolloutStatus,
} from '@cofferdam/crds';
import { issuersWithoutKeys } from '../desired/access-file.ts';
import { effectiveVault } from '../desired/effective.ts';
import type { Facts } from '../desired/facts.ts';
import { missingKinds } from '../desired/gateway-routes.ts';
import type { KeyOutcome } from '../desired/key.ts';
import { merchantKeyStatuses } from '../desired/merchant-keys.ts';
import { names, serviceUrl } from '../desired/names.ts';
import { openToAnyAddress } from '../desired/network-policy.ts';
import type { PaymentVaultPlan } from '../desired/payment-vault.ts';
import type { RolloutTurn } from '../desired/rollout-turn.ts';
import type { TopicsOutcome } from '../desired/topics.ts';
import { type ApplyProblem, applied } from './apply-problem.ts';
import { certificatesReady, type ObservedCertificate } from './certificates.ts';
import {
  type Check,
  conditions,
  type Finding,
  type Findings,
  judge,
  readiness,
  stalled,
  unknown,
  wrong,
} from './check.ts';
import { merchantKeysBound } from './merchant-keys.ts';
import { isJobLate, jobState, type ObservedJob } from './observed-types.ts';
import type { PodTrouble } from './pod-trouble.ts';
import { waitsForTurn } from './rollout-queue.ts';
import { rolledOut, serves, type Workload } from './workload.ts';

type Role = 'vault' | 'router';
const ROLES: readonly Role[] = ['vault', 'router'];

/** Everything that a vault's conditions are made of. */
export type VaultObservation = {
  plan: PaymentVaultPlan;
  key: KeyOutcome;
  topics: TopicsOutcome;
  /** Migration Jobs by component: the one that the plan waits for. */
  jobs: Record<Role, ObservedJob | undefined>;
  jobTrouble: Record<Role, PodTrouble | undefined>;
  workloads: Record<Role, Workload>;
  /** Whether each Deployment names the plan's migration Job as done. */
  migrated: Record<Role, boolean>;
  /** What the vault's own pods report; undefined when they cannot be asked. */
  statusz: Statusz | undefined;
  connectors: number;
  applyProblem: ApplyProblem | undefined;
  /** With spec.tls. */
  certificates?: readonly ObservedCertificate[] | undefined;
  /** Whether its pods may be restarted now. Absent: they may. */
  turn?: RolloutTurn;
  rollout?: RolloutStatus | undefined;
};

/** The whole status of a PaymentVault. Pure: the same observation at the same time gives the same status. */
export function paymentVaultStatus(
  vault: PaymentVault,
  seen: VaultObservation,
  context: { facts: Facts; now: string },
): PaymentVaultStatus {
  const { name, namespace = '', generation = 0 } = vault.metadata;
  const parts: Findings = {
    KeyBound: judge(seen, [keyBound, keyReported], keyFine(seen.key)),
    ...ofMerchants(vault, seen.key),
    DatabaseMigrated: judge(
      seen,
      ROLES.map((role) => migrated(role, { namespace, now: Date.parse(context.now) })),
      'both schemas are as the images want',
    ),
    TopicsReady: judge(seen, [topicsReady, published], topicsFine(seen)),
    ...(vault.spec.tls === undefined
      ? {}
      : { CertificatesReady: certificatesReady(seen.certificates, seen.plan.certificates) }),
    NetworkPoliciesApplied: judge(seen, [applied('NetworkPolicy')], networkFine(vault)),
    Available: judge(
      seen,
      ROLES.map((role) => (one: VaultObservation) => serves(one.workloads[role])),
      'vault and router serve',
    ),
  };
  const notYetActedOn = pathsThatAreSet(vault.spec, NOT_YET_ACTED_ON.PaymentVault);
  const rollout = judge(
    seen,
    [
      () => issuersKnown(vault, context.facts),
      () => kindsThere(vault, context.facts),
      ({ statusz }) => generationUnspent(vault, statusz?.rekey?.generation),
      applied(),
      queued,
      ...ROLES.map(
        (role): Check<VaultObservation> =>
          (one) =>
            rolledOut(one.workloads[role]),
      ),
    ],
    'rolled out',
  );
  const findings = { ...readiness(parts, rollout), ...parts };
  return {
    observedGeneration: generation,
    conditions: conditions(findings, { before: vault.status?.conditions, generation, now: context.now }),
    kms: kmsStatus(seen.key, vault.status?.kms),
    ...(seen.topics.topics.length === 0 ? {} : { topics: [...seen.topics.topics] }),
    ...rekeyStatus(vault, seen),
    endpoints: {
      vault: serviceUrl(names.vault(name), namespace),
      router: serviceUrl(names.router(name), namespace),
    },
    connectors: seen.connectors,
    effective: effectiveVault(vault, context.facts.images),
    ...(seen.rollout === undefined ? {} : { rollout: seen.rollout }),
    ...(context.facts.release === undefined ? {} : { operatorVersion: context.facts.release.version }),
    ...(notYetActedOn.length === 0 ? {} : { notYetActedOn }),
  };
}

function ofMerchants(vault: PaymentVault, { merchantKeys }: KeyOutcome): Findings {
  const { length } = vault.spec.keys?.merchantKeys ?? [];
  return length === 0 ? {} : { MerchantKeysBound: merchantKeysBound(length, merchantKeys) };
}

const queued: Check<VaultObservation> = ({ plan, turn }) =>
  plan.queued.length === 0 || turn === undefined ? undefined : waitsForTurn(turn);

/** Problems of the key that only a person can solve. */
const KEY_STALLS: ReadonlySet<string> = new Set([
  'KeyNotFound',
  'KeyDisabled',
  'KeyPendingDeletion',
  'KeyNotOurs',
  'KeyHeldElsewhere',
  'KeyUnsuitable',
  'GranteeNotAllowed',
  'KmsAccessDenied',
]);

const keyBound: Check<VaultObservation> = ({ key }) => {
  if (key.problem !== undefined) {
    const { reason, message } = key.problem;
    return KEY_STALLS.has(reason) ? stalled(reason, message) : wrong(reason, message);
  }
  return key.keyArn === undefined ? unknown('Progressing', 'the key has not been looked at yet') : undefined;
};

function keyFine({ origin, rotation, previousKeyArns = [] }: KeyOutcome): string {
  const which = origin === 'Supplied' ? 'the supplied key' : 'the key';
  const off = rotation === 'Off' ? '; its automatic rotation is off: turn it on, or rotate it yourself' : '';
  const count = previousKeyArns.length;
  const previous =
    count === 0
      ? ''
      : `; so ${count === 1 ? 'is 1 key' : `are ${count} keys`} of before, until nothing is wrapped under it`;
  return `${which} is usable and granted${off}${previous}`;
}

/** KMS may say "enabled" and the vault's role still be unable to use it. */
const keyReported: Check<VaultObservation> = ({ statusz }) => {
  const key = statusz?.key;
  if (key === undefined || key.state === 'usable') return undefined;
  return wrong(
    'KmsAccessDenied',
    `the vault's pods cannot use ${key.keyArn}: ${key.detail ?? 'no detail given'}`,
  );
};

function migrated(
  role: Role,
  { namespace, now }: { namespace: string; now: number },
): Check<VaultObservation> {
  return (seen) => {
    // While it is not its turn, the schema is as the pods want that are there.
    if (seen.migrated[role] || seen.plan.queued.includes(role)) return undefined;
    const job = seen.jobs[role];
    const name = seen.plan.migrations[role];
    const state = jobState(job);
    if (state === 'complete') return undefined;
    const trouble = seen.jobTrouble[role];
    if (trouble?.missingSecret !== undefined) return stalled('DatabaseSecretMissing', trouble.message);
    if (state === 'failed') {
      return stalled(
        'MigrationFailed',
        `Job ${name} failed; the version before goes on serving: see kubectl logs -n ${namespace} job/${name}, mend the cause, and the Job is run again within minutes (at once when you delete it)`,
      );
    }
    // It may yet get better, and is tried again; but it does not hold up what waits for it, such as a sync of Argo CD.
    const judged = isJobLate(job, now) ? stalled : wrong;
    if (trouble?.reason === 'PodsCrashing') {
      return judged(
        'MigrationFailed',
        `Job ${name} fails and is tried again: see kubectl logs -n ${namespace} job/${name}, and mend the cause (delete the Job to have it tried at once)`,
      );
    }
    if (trouble !== undefined) return judged(trouble.reason, trouble.message);
    return wrong('MigrationRunning', `Job ${name} brings the ${role}'s database to the schema of its image`);
  };
}

/** Problems of the topics that only a person can solve. */
const TOPIC_STALLS: ReadonlySet<string> = new Set([
  'TopicMismatch',
  'BrokersTooFew',
  'KafkaCredentialsMissing',
  'KafkaCredentialsNotAllowed',
  'KafkaCaUnreadable',
  'KafkaRequestRefused',
  'AclsUnsupported',
  'NameConflict',
  'StrimziMissing',
]);

const topicsReady: Check<VaultObservation> = ({ topics }) => {
  if (topics.problem === undefined) return undefined;
  const { reason, message } = topics.problem;
  return TOPIC_STALLS.has(reason) ? stalled(reason, message) : wrong(reason, message);
};

/** The operator may get through to the brokers and the pods not: they have other credentials, and other ways. */
const published: Check<VaultObservation> = ({ plan, statusz }) => {
  if (plan.topics.manage === 'Absent' || statusz?.outbox?.broker !== 'unreachable') return undefined;
  return wrong(
    'BrokerUnreachable',
    "the vault's pods do not get through to the brokers, and events wait in the outbox: their log says why; check spec.kafka.auth with its Secret, spec.kafka.tls and spec.network.kafka",
  );
};

function topicsFine({ plan }: VaultObservation): string {
  switch (plan.topics.manage) {
    case 'Absent':
      return 'no broker is configured: events stay in the outbox and the HTTP feed';
    case 'None':
      return 'manage is None: the topics are yours, and are not looked at';
    default:
      return 'the topics are as asked';
  }
}

function networkFine(vault: PaymentVault): string {
  const open = openToAnyAddress(vault);
  const hint =
    open.length === 0 ? '' : `; any address may be reached for ${open.join(', ')}: say where in spec.network`;
  return `deny-all and its exceptions are applied${hint}`;
}

function issuersKnown(vault: PaymentVault, facts: Facts): Finding | undefined {
  const [issuer] = issuersWithoutKeys(vault, facts);
  if (issuer === undefined) return undefined;
  return stalled(
    'IssuerKeysUnknown',
    `access.issuers: ${issuer} has no jwksUri and is not this cluster's issuer (${facts.clusterIssuer}), so its tokens are refused: give its jwksUri`,
  );
}

/**
 * As the vault said it last: that it does not answer now takes nothing back, nor does a pod that is about to be
 * replaced, and knows only of the rekey before.
 */
function rekeyStatus(vault: PaymentVault, { statusz }: VaultObservation): Pick<PaymentVaultStatus, 'rekey'> {
  const before = vault.status?.rekey;
  const said = statusz?.rekey;
  const rekey = (said?.generation ?? -1) >= (before?.generation ?? 0) ? said : before;
  return rekey === undefined ? {} : { rekey };
}

/** The database remembers the rekeys of a vault that was here before, whose generation a new resource begins below. */
function generationUnspent(vault: PaymentVault, spent = 0): Finding | undefined {
  const generation = vault.spec.keys?.rekeyGeneration ?? 0;
  if (generation === 0 || generation >= spent) return undefined;
  return stalled(
    'RekeyGenerationSpent',
    `spec.keys.rekeyGeneration is ${generation}, and this database has been rekeyed up to ${spent} before, so nothing is moved: raise it to ${spent + 1} or more`,
  );
}

/** Nothing is held up by it: what the cluster has kinds for is made. */
function kindsThere(vault: PaymentVault, facts: Facts): Finding | undefined {
  const [missing] = missingKinds(vault, facts);
  if (missing === undefined) return undefined;
  const { group, version, kind } = missing.resource;
  return stalled(
    'KindNotAvailable',
    `${missing.member} needs ${kind} of ${group}/${version}, which this cluster does not have: install its CustomResourceDefinition (it is looked for every minute), or remove ${missing.member}`,
  );
}

/** While no key can be bound, the one before stays named: its grants and its successor are found by it. */
export function kmsStatus(key: KeyOutcome, before: KmsStatus | undefined): KmsStatus {
  const { problem: _, repaired: __, previousKeyArns = [], merchantKeys, ...rest } = key;
  const { merchantKeys: known, ...kept } = before ?? {};
  const own = merchantKeys === undefined ? known : merchantKeyStatuses(merchantKeys, known);
  return {
    ...(key.keyArn === undefined ? kept : rest),
    ...(own === undefined || own.length === 0 ? {} : { merchantKeys: own }),
    ...(previousKeyArns.length === 0 ? {} : { previousKeyArns: [...previousKeyArns] }),
  };
}

type KmsStatus = NonNullable<PaymentVaultStatus['kms']>;
