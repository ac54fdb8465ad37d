import type { Reason } from '@cofferdam/crds';
import type { Evidence } from './evidence.ts';
import { CREDENTIAL_KEYS, createSecret } from './missing-object.ts';

export type ResourceEvidence = Evidence & {
  subject: Extract<Evidence['subject'], { kind: 'PaymentVault' | 'PSPConnector' }>;
};

type Step = (evidence: ResourceEvidence) => string | undefined;

/** The command to go on with, by the reason of a condition. What is not here is looked at with `kubectl describe`. */
const STEPS: Partial<Record<Reason, Step>> = {
  Paused: (seen) => `${kubectl(seen)} patch ${target(seen)} --type=merge -p '{"spec":{"paused":null}}'`,
  Initializing: operatorLogs,
  InternalError: operatorLogs,
  ApplyFailed: operatorLogs,
  Progressing: watchPods,
  Waiting: watchPods,
  PodsNotReady: watchPods,
  NotReported: watchPods,
  MigrationRunning: (seen) => `${kubectl(seen)} get jobs -w`,
  MigrationFailed: (seen) => `${kubectl(seen)} get jobs`,
  NameConflict: edit,
  VaultIdInUse: () => 'kubectl get paymentvaults -A',
  IssuerKeysUnknown: edit,
  ProviderNotSupported: edit,
  HostPolicyUnsupported: edit,
  DatabaseSecretMissing: (seen) => `${kubectl(seen)} get secrets`,
  KeyNotFound: (seen) => kms(seen, 'describe-key'),
  KeyUnsuitable: (seen) => kms(seen, 'describe-key'),
  KeyDisabled: (seen) => kms(seen, 'enable-key'),
  KeyPendingDeletion: (seen) => kms(seen, 'cancel-key-deletion', 'enable-key'),
  KeyHeldElsewhere: (seen) => kms(seen, 'list-grants'),
  KeyNotOurs: (seen) => kms(seen, 'list-resource-tags'),
  KmsAccessDenied: operatorLogs,
  KmsUnreachable: operatorLogs,
  KmsThrottled: operatorLogs,
  GranteeNotAllowed: ({ operatorNamespace }) =>
    `kubectl -n ${operatorNamespace} edit configmap cofferdam-operator-grantees`,
  BrokerUnreachable: (seen) =>
    `${kubectl(seen)} get ${target(seen)} -o jsonpath='{.spec.kafka.bootstrapServers}{"\\n"}'`,
  BrokerNotTrusted: edit,
  BrokersTooFew: edit,
  KafkaRequestRefused: edit,
  AclsUnsupported: edit,
  KafkaAccessDenied: operatorLogs,
  KafkaCredentialsMissing: ({ operatorNamespace }) => `kubectl -n ${operatorNamespace} get secrets`,
  KafkaCredentialsNotAllowed: ({ operatorNamespace }) =>
    `kubectl -n ${operatorNamespace} annotate --overwrite secret <admin-secret> payments.cofferdam.dev/kafka-namespaces=<namespaces> payments.cofferdam.dev/kafka-bootstrap-servers=<brokers>`,
  KafkaCaUnreadable: edit,
  StrimziMissing: () => 'kubectl api-resources --api-group=kafka.strimzi.io',
  StrimziNotReady: (seen) => `${kubectl(seen)} get kafkatopics`,
  TopicMismatch: (seen) => `${kubectl(seen)} get ${target(seen)} -o jsonpath='{.status.topics}{"\\n"}'`,
  VaultNotFound: (seen) => `${kubectl(seen)} get paymentvaults`,
  VaultNotReady: (seen) => whyVault(seen),
  CredentialsMissing: credentials,
  CredentialsInvalid: credentials,
  PspUnreachable: (seen) =>
    `${kubectl(seen)} get ${target(seen)} -o jsonpath='{.spec.endpoint} {.spec.egress}{"\\n"}'`,
};

export function nextStep(reason: string, seen: ResourceEvidence): string {
  const step = (STEPS as Readonly<Record<string, Step | undefined>>)[reason];
  return step?.(seen) ?? `${kubectl(seen)} describe ${target(seen)}`;
}

export function operatorLogs({ operatorNamespace }: Pick<Evidence, 'operatorNamespace'>): string {
  return `kubectl -n ${operatorNamespace} logs deployment/cofferdam-operator --tail=50`;
}

function kubectl({ subject }: ResourceEvidence): string {
  return `kubectl -n ${subject.object.metadata.namespace}`;
}

function target({ subject }: ResourceEvidence): string {
  return `${subject.kind.toLowerCase()} ${subject.object.metadata.name}`;
}

function watchPods(seen: ResourceEvidence): string {
  return `${kubectl(seen)} get pods -l app.kubernetes.io/instance=${seen.subject.object.metadata.name} -w`;
}

function edit(seen: ResourceEvidence): string {
  return `${kubectl(seen)} edit ${target(seen)}`;
}

function whyVault({ subject }: ResourceEvidence): string {
  const vault =
    subject.kind === 'PSPConnector' ? subject.object.spec.vaultRef.name : subject.object.metadata.name;
  return `cofferdam why paymentvault/${vault} -n ${subject.object.metadata.namespace}`;
}

function kms({ subject }: ResourceEvidence, ...commands: string[]): string | undefined {
  if (subject.kind !== 'PaymentVault') return undefined;
  const { spec, status } = subject.object;
  const key = status?.kms?.keyArn ?? spec.kms.keyId ?? status?.kms?.alias ?? '<key>';
  const endpoint = spec.kms.endpoint === undefined ? '' : ` --endpoint-url ${spec.kms.endpoint}`;
  return commands
    .map((command) => `aws kms ${command} --key-id ${key} --region ${spec.kms.region}${endpoint}`)
    .join(' && ');
}

/** Of the first account that lacks them. */
function credentials(seen: ResourceEvidence): string {
  const { subject } = seen;
  if (subject.kind !== 'PSPConnector') return edit(seen);
  const { spec, status, metadata } = subject.object;
  const bad = status?.accounts?.find((account) => ['Missing', 'Invalid'].includes(account.credentials));
  const account = spec.accounts.find(({ name }) => name === bad?.name) ?? spec.accounts[0];
  const keys = CREDENTIAL_KEYS[spec.provider] ?? ['<key>'];
  return createSecret(metadata.namespace ?? '', account?.credentialsRef.name ?? '<name>', keys);
}
