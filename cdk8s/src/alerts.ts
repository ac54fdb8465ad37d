/** An alerting rule of Prometheus; `docs/runbooks/<name>.md` says what to do. */
export interface Alert {
  readonly name: string;
  readonly expr: string;
  /** How long it has to hold, as Prometheus writes durations. */
  readonly for: string;
  /** critical: wakes somebody, since cards cannot be stored or charged, or will be lost. */
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  /** The step to begin with. */
  readonly next: string;
}

const RUNBOOKS = 'https://github.com/cofferdam/cofferdam/blob/main/docs/runbooks';

const LOST_KEY = 'KeyNotFound|KeyDisabled|KeyPendingDeletion|KeyNotOurs';

/** Of the operator and of what it says of its resources; names of metrics are those of docs/metrics.md. */
export const ALERTS: readonly Alert[] = [
  {
    name: 'CofferdamOperatorNotLeading',
    expr: 'sum(leader_election_master_status{name="cofferdam"}) < 1 or absent(leader_election_master_status{name="cofferdam"})',
    for: '3m',
    severity: 'critical',
    summary: 'No operator leads: nothing is repaired, issued or rolled out.',
    next: 'Look whether its pods run, and who holds the Lease `cofferdam-operator` in its namespace.',
  },
  {
    name: 'CofferdamReconcilesFailing',
    expr: 'sum by (controller) (rate(controller_runtime_reconcile_errors_total[10m])) > 0.1 * sum by (controller) (rate(controller_runtime_reconcile_total[10m]))',
    for: '15m',
    severity: 'warning',
    summary: 'More than one in ten reconciles of {{ $labels.controller }} fails.',
    next: "Look for the error in the operator's log, and at the resources that are not Ready (dashboard Operator).",
  },
  {
    name: 'CofferdamQueueStuck',
    expr: 'min_over_time(workqueue_depth{name="cofferdam"}[15m]) > 0 and rate(workqueue_work_duration_seconds_count{name="cofferdam"}[15m]) == 0',
    for: '5m',
    severity: 'warning',
    summary: "Resources wait in the operator's queue, and none is worked on.",
    next: 'Look at the longest reconcile under way (dashboard Operator); a restart of the leader lets the other take over.',
  },
  {
    name: 'CofferdamWatchesFailing',
    expr: 'sum by (kind, code) (rate(cofferdam_watch_failures_total[10m])) > 0.05',
    for: '10m',
    severity: 'warning',
    summary: 'The operator cannot watch {{ $labels.kind }} ({{ $labels.code }}).',
    next: '403 is a right that is missing, 404 a kind; else look at the API server.',
  },
  {
    name: 'CofferdamVaultKeyLost',
    expr: `cofferdam_condition{kind="PaymentVault",condition="KeyBound",reason=~"${LOST_KEY}"} == 1`,
    for: '0m',
    severity: 'critical',
    summary: 'PaymentVault {{ $labels.namespace }}/{{ $labels.name }}: {{ $labels.reason }}.',
    next: 'Cancel the deletion of the key, or enable it, before anything else.',
  },
  {
    name: 'CofferdamNotAvailable',
    expr: 'cofferdam_condition{condition="Available",status="False"} == 1',
    for: '2m',
    severity: 'critical',
    summary:
      '{{ $labels.kind }} {{ $labels.namespace }}/{{ $labels.name }} does not serve ({{ $labels.reason }}).',
    next: '`cofferdam why` names the reason, and the reason has a page.',
  },
  {
    name: 'CofferdamStalled',
    expr: 'cofferdam_condition{condition="Stalled",status="True"} == 1',
    for: '10m',
    severity: 'warning',
    summary:
      '{{ $labels.kind }} {{ $labels.namespace }}/{{ $labels.name }} waits for somebody to change something ({{ $labels.reason }}).',
    next: '`cofferdam why` names what has to be changed.',
  },
  {
    name: 'CofferdamNotReady',
    expr: 'cofferdam_condition{condition="Ready",status!="True"} == 1 unless on (kind, namespace, name) cofferdam_condition{condition="Stalled",status="True"} == 1',
    for: '30m',
    severity: 'warning',
    summary:
      '{{ $labels.kind }} {{ $labels.namespace }}/{{ $labels.name }} is not as asked for ({{ $labels.reason }}).',
    next: '`cofferdam why` names what is missing.',
  },
  {
    name: 'CofferdamPspUnreachable',
    expr: 'cofferdam_condition{kind="PSPConnector",condition="Reachable",status="False"} == 1',
    for: '5m',
    severity: 'warning',
    summary: 'PSPConnector {{ $labels.namespace }}/{{ $labels.name }} does not reach its PSP.',
    next: "Look at the PSP's status page, then whether its addresses have changed.",
  },
  {
    name: 'CofferdamOutboxGrowing',
    expr: 'min_over_time(cofferdam_outbox_unpublished[10m]) > 1000',
    for: '5m',
    severity: 'warning',
    summary: 'Events of {{ $labels.namespace }}/{{ $labels.pod }} do not reach the broker.',
    next: 'Look whether the broker takes events: the log of the relay says what it met.',
  },
  {
    name: 'CofferdamIntegrityErrors',
    expr: 'increase(cofferdam_integrity_errors_total[1h]) > 0 or cofferdam_integrity_errors_total unless cofferdam_integrity_errors_total offset 1h',
    for: '0m',
    severity: 'critical',
    summary:
      '{{ $labels.namespace }}/{{ $labels.pod }} has met a record that was moved or altered in the database.',
    next: 'Find the tokens in the audit (action `integrity.failed`), and who changes rows of the database beside the vault.',
  },
  {
    name: 'CofferdamAuditChainBroken',
    expr: 'cofferdam_audit_broken_chains > 0',
    for: '0m',
    severity: 'critical',
    summary: '{{ $labels.namespace }}/{{ $labels.pod }} has met an audit chain that was changed or damaged.',
    next: 'Save the logs of all vault pods and the audit topic first; then `cofferdam audit verify` says which rows.',
  },
  {
    name: 'CofferdamAuditUnanchored',
    expr: 'cofferdam_audit_unanchored_age_seconds > 300',
    for: '5m',
    severity: 'warning',
    summary:
      'The audit of {{ $labels.namespace }}/{{ $labels.pod }} has not been anchored for {{ $value }} seconds.',
    next: 'Look in its log for `anchor audit chains`: KMS or the database does not answer.',
  },
  {
    name: 'CofferdamKmsUnreachable',
    expr: 'cofferdam_kms_circuit_open == 1',
    for: '5m',
    severity: 'critical',
    summary:
      '{{ $labels.namespace }}/{{ $labels.pod }} does not reach KMS; it goes on with the keys in memory.',
    next: 'Look at `key.detail` of its /statusz: what KMS answers, and until when the keys in memory last.',
  },
  {
    name: 'CofferdamCertificateExpiring',
    expr: 'cofferdam_certificate_expiry_timestamp_seconds - time() < 4 * 3600',
    for: '5m',
    severity: 'critical',
    summary: 'The certificate of {{ $labels.namespace }}/{{ $labels.pod }} is not renewed.',
    next: "Look in the pod's log why the operator or cert-manager does not certify it.",
  },
  {
    name: 'CofferdamAuthorityExpiring',
    expr: 'cofferdam_certificate_authority_expiry_timestamp_seconds - time() < 7 * 86400',
    for: '1h',
    severity: 'warning',
    summary: "The operator's certificate authority is not rotated.",
    next: 'Look in the log of the operator that leads why it does not write its Secret.',
  },
  {
    name: 'CofferdamExternalCallsFailing',
    expr: 'sum by (system) (rate(cofferdam_external_calls_total{outcome!="ok"}[10m])) > 0.5 * sum by (system) (rate(cofferdam_external_calls_total[10m]))',
    for: '15m',
    severity: 'warning',
    summary: "Most of the operator's calls to {{ $labels.system }} fail or are kept back.",
    next: "Look at the operator's log for the system's answer: access, throttling or silence.",
  },
];

/** The page that says what an alert means and what to do. */
export const runbookUrl = (alert: string): string => `${RUNBOOKS}/${alert}.md`;

/** `spec` of a PrometheusRule (monitoring.coreos.com/v1). */
export function prometheusRuleSpec(): object {
  const rules = ALERTS.map(({ name, expr, severity, summary, next, ...alert }) => ({
    alert: name,
    expr,
    for: alert.for,
    labels: { severity },
    annotations: { summary, description: `Next: ${next}`, runbook_url: runbookUrl(name) },
  }));
  return { groups: [{ name: 'cofferdam', rules }] };
}
