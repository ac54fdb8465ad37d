import type { Statusz } from '@cofferdam/contracts';
import {
  NOT_YET_ACTED_ON,
  type PaymentVault,
  type PSPConnector,
  type PSPConnectorStatus,
  pathsThatAreSet,
  type RolloutStatus,
} from '@cofferdam/crds';
import { effectiveConnector } from '../desired/effective.ts';
import { names, serviceUrl } from '../desired/names.ts';
import type { ConnectorRefused, PSPConnectorPlan } from '../desired/psp-connector.ts';
import type { OperatorRelease } from '../desired/release.ts';
import type { RolloutTurn } from '../desired/rollout-turn.ts';
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
import { waitsForTurn } from './rollout-queue.ts';
import { rolledOut, serves, type Workload } from './workload.ts';

export type ConnectorObservation = {
  plan: PSPConnectorPlan | ConnectorRefused;
  vault: PaymentVault | undefined;
  workload: Workload;
  /** What the connector's own pods report; undefined when they cannot be asked. */
  statusz: Statusz | undefined;
  applyProblem: ApplyProblem | undefined;
  /** With spec.tls of its vault. */
  certificates?: readonly ObservedCertificate[] | undefined;
  /** Whether its pods may be restarted now. Absent: they may. */
  turn?: RolloutTurn;
  rollout?: RolloutStatus | undefined;
  release?: OperatorRelease | undefined;
};

/** The whole status of a PSPConnector. */
export function pspConnectorStatus(
  connector: PSPConnector,
  seen: ConnectorObservation,
  now: string,
): PSPConnectorStatus {
  const { name, namespace = '', generation = 0 } = connector.metadata;
  const parts: Findings = {
    VaultBound: judge(
      seen,
      [refused('VaultNotFound'), vaultAvailable],
      'the vault serves, and its router is told of this connector',
    ),
    CredentialsPresent: judge(
      seen,
      [needsReport, credentials(connector)],
      'every account has its credentials',
    ),
    Reachable: judge(seen, [needsReport, reachable], 'the PSP answers'),
    ...(seen.vault?.spec.tls === undefined ? {} : { CertificatesReady: certificates(seen) }),
    NetworkPoliciesApplied: judge(
      seen,
      // A policy that cannot be put back goes before one that cannot be expressed.
      [applied('NetworkPolicy'), refused('HostPolicyUnsupported'), blocked],
      'deny-all and its exceptions are applied',
    ),
    Available: judge(
      seen,
      [refused('ProviderNotSupported'), blocked, (one) => serves(one.workload)],
      'it serves',
    ),
  };
  // Whether the PSP answers is known only once it was asked; not knowing is no reason to hold anything up.
  const { Reachable, ...certain } = parts;
  const needed = Reachable?.status === 'False' ? parts : certain;
  const rollout = judge(seen, [applied(), queued, (one) => rolledOut(one.workload)], 'rolled out');
  const findings = { ...readiness(needed, rollout), ...parts };
  const notYetActedOn = pathsThatAreSet(connector.spec, NOT_YET_ACTED_ON.PSPConnector);
  return {
    observedGeneration: generation,
    conditions: conditions(findings, { before: connector.status?.conditions, generation, now }),
    accounts: connector.spec.accounts.map(({ name }) => accountStatus(name, seen.statusz)),
    endpoint: serviceUrl(names.connector(name), namespace),
    effective: effectiveConnector(connector),
    ...(seen.rollout === undefined ? {} : { rollout: seen.rollout }),
    ...(seen.release === undefined ? {} : { operatorVersion: seen.release.version }),
    ...(notYetActedOn.length === 0 ? {} : { notYetActedOn }),
  };
}

function certificates({ plan, certificates: seen }: ConnectorObservation): Finding {
  const isMissing = 'refused' in plan && plan.refused === 'CertManagerMissing';
  return certificatesReady(
    seen,
    isMissing ? { reason: 'CertManagerMissing', message: plan.message } : undefined,
  );
}

function refused(reason: ConnectorRefused['refused']): Check<ConnectorObservation> {
  return ({ plan }) =>
    'refused' in plan && plan.refused === reason ? stalled(reason, plan.message) : undefined;
}

const queued: Check<ConnectorObservation> = ({ plan, turn }) =>
  'refused' in plan || !plan.queued || turn === undefined ? undefined : waitsForTurn(turn);

const blocked: Check<ConnectorObservation> = ({ plan, workload }) =>
  'refused' in plan && workload.deployment === undefined
    ? wrong('Waiting', `nothing is applied: ${plan.message}`)
    : undefined;

const vaultAvailable: Check<ConnectorObservation> = ({ vault, plan, workload }) => {
  // The router is told of what runs, whatever is refused.
  if ('refused' in plan && workload.deployment === undefined) return wrong('Waiting', plan.message);
  if (vault?.spec.paused) {
    const { name, namespace } = vault.metadata;
    return wrong(
      'Paused',
      `PaymentVault ${namespace}/${name} is paused: its connectors are left as they are too`,
    );
  }
  const said = (wanted: string) => vault?.status?.conditions?.find(({ type }) => type === wanted);
  if (said('Available')?.status === 'True') return undefined;
  const why = said('Available') ?? said('Ready');
  return wrong(
    'VaultNotReady',
    `PaymentVault ${vault?.metadata.namespace}/${vault?.metadata.name} does not serve yet: ${why?.message ?? 'it has not been looked at'}`,
  );
};

const needsReport: Check<ConnectorObservation> = ({ statusz }) =>
  statusz === undefined
    ? unknown(
        'NotReported',
        "the connector's pods have not reported yet (or /statusz cannot be reached from here)",
      )
    : undefined;

function credentials(connector: PSPConnector): Check<ConnectorObservation> {
  const secretOf = (account: string) => {
    const found = connector.spec.accounts.find(({ name }) => name === account);
    return `Secret ${connector.metadata.namespace}/${found?.credentialsRef.name ?? account}`;
  };
  const keys = { stripe: 'apiKey', adyen: 'apiKey and merchantAccount' }[connector.spec.provider as string];
  const wanted = keys === undefined ? '' : `, with ${keys}`;
  return ({ statusz }) => {
    const bad = statusz?.accounts?.find((account) => account.credentials !== 'present');
    if (bad === undefined) return undefined;
    const detail = bad.detail === undefined ? '' : ` (${bad.detail})`;
    return bad.credentials === 'missing'
      ? stalled(
          'CredentialsMissing',
          `account ${bad.name}: ${secretOf(bad.name)} or a key of it is missing: create it${wanted}${detail}`,
        )
      : stalled(
          'CredentialsInvalid',
          `account ${bad.name}: ${secretOf(bad.name)} is not what ${connector.spec.provider} needs: mend it${detail}`,
        );
  };
}

const reachable: Check<ConnectorObservation> = ({ statusz }) => {
  const accounts = statusz?.accounts ?? [];
  const bad = accounts.find((account) => account.reachable === 'no');
  if (bad !== undefined) {
    return wrong(
      'PspUnreachable',
      `account ${bad.name}: ${bad.detail ?? 'the PSP does not answer'}: check spec.endpoint and spec.egress`,
    );
  }
  return accounts.some((account) => account.reachable === 'unknown')
    ? unknown('NotCalled', 'the PSP has not been called yet')
    : undefined;
};

type AccountStatus = NonNullable<PSPConnectorStatus['accounts']>[number];

function accountStatus(name: string, statusz: Statusz | undefined): AccountStatus {
  const reported = statusz?.accounts?.find((account) => account.name === name);
  const CREDENTIALS = { present: 'Present', missing: 'Missing', invalid: 'Invalid' } as const;
  const REACHABLE = { yes: 'Reachable', no: 'Unreachable', unknown: 'Unknown' } as const;
  return {
    name,
    credentials: reported === undefined ? 'Unknown' : CREDENTIALS[reported.credentials],
    reachable: reported === undefined ? 'Unknown' : REACHABLE[reported.reachable],
    ...(reported?.detail === undefined ? {} : { detail: reported.detail.slice(0, 1024) }),
  };
}
