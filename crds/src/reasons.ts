/** Every `reason` that a condition of ours can have. A reason, once published, keeps its meaning. */
export const REASON = {
  // any condition
  /** As asked. */
  Succeeded: 'Succeeded',
  /** The first thing written: nothing is known yet. */
  Initializing: 'Initializing',
  /** Under way; no action needed. */
  Progressing: 'Progressing',
  /** `spec.paused` is true: nothing is changed until it is removed. */
  Paused: 'Paused',
  /** The resource is being deleted. */
  Deleting: 'Deleting',
  /** Waits for another condition, which the message names. */
  Waiting: 'Waiting',
  /** Not asked for, so there is nothing to do. */
  NotConfigured: 'NotConfigured',
  /** A fault of the operator's own; it tries again. */
  InternalError: 'InternalError',
  /** A newer operator has acted on it, or its spec has members that only a newer one knows: nothing is changed. */
  OperatorTooOld: 'OperatorTooOld',
  /** The spec has a value that this release of the operator cannot read: nothing is changed. */
  SpecNotUnderstood: 'SpecNotUnderstood',

  // objects in the cluster
  /** The API server refused an object of ours; the message has its answer. */
  ApplyFailed: 'ApplyFailed',
  /** An object of ours would have to change a field that cannot be changed, and making it again would interrupt. */
  ImmutableField: 'ImmutableField',
  /** An object with the name that we need belongs to somebody else. */
  NameConflict: 'NameConflict',
  /** An issuer of `spec.access` is not the cluster's own and has no `jwksUri`: its tokens are refused. */
  IssuerKeysUnknown: 'IssuerKeysUnknown',
  /** An older PaymentVault has this vaultId: keys, topics and data are that one's. */
  VaultIdInUse: 'VaultIdInUse',
  /** Fewer pods are ready than asked for. */
  PodsNotReady: 'PodsNotReady',
  /** A container cannot start: its image cannot be pulled. */
  ImagePullFailed: 'ImagePullFailed',
  /** A container ends again and again. */
  PodsCrashing: 'PodsCrashing',
  /** A pod cannot start: a Secret or a ConfigMap, or a key of one, is missing. */
  PodConfigMissing: 'PodConfigMissing',
  /** The roll-out has not progressed within its deadline. */
  RolloutStuck: 'RolloutStuck',
  /** After an upgrade of the operator only so many are restarted at a time: this one's turn comes. */
  RolloutQueued: 'RolloutQueued',
  /** What is asked for needs a kind of object that this cluster's API does not have. */
  KindNotAvailable: 'KindNotAvailable',

  // DatabaseMigrated
  /** The migration Job is running. */
  MigrationRunning: 'MigrationRunning',
  /** The migration Job failed, or its pods do and are tried again; the old version goes on serving. */
  MigrationFailed: 'MigrationFailed',
  /** A Secret with database credentials does not exist. */
  DatabaseSecretMissing: 'DatabaseSecretMissing',

  // KeyBound
  /** KMS knows no such key, or no longer: what it encrypted cannot be read. Never replaced by a new one in silence. */
  KeyNotFound: 'KeyNotFound',
  /** The key is disabled: enable it. */
  KeyDisabled: 'KeyDisabled',
  /** The key is scheduled for deletion: cancel that, soon. */
  KeyPendingDeletion: 'KeyPendingDeletion',
  /** The key's tag does not name this vaultId, so it is not used. */
  KeyNotOurs: 'KeyNotOurs',
  /** The key is granted to another role under this vaultId, by somebody else: another cluster seems to use it. */
  KeyHeldElsewhere: 'KeyHeldElsewhere',
  /** Not a symmetric key for encryption; or one more than can be kept beside those of before. */
  KeyUnsuitable: 'KeyUnsuitable',
  /** `granteePrincipal` is not on the operator's allow-list for this namespace. */
  GranteeNotAllowed: 'GranteeNotAllowed',
  /** KMS does not let the operator do what it has to. */
  KmsAccessDenied: 'KmsAccessDenied',
  /** KMS, or the operator's own budget, says that there are too many calls; tried again by itself. */
  KmsThrottled: 'KmsThrottled',
  /** KMS does not answer; tried again by itself, less and less often. */
  KmsUnreachable: 'KmsUnreachable',
  /** Of an event: the vault role's grant was gone and is made again. */
  GrantMissing: 'GrantMissing',
  /** Of an event: the rotation of a key that we created had been turned off and is on again. */
  KeyRotationOff: 'KeyRotationOff',
  /** Of an event: the alias of a key that we created was gone and is set again. */
  KeyAliasMissing: 'KeyAliasMissing',
  /** Of an event: the vault moved to another key; the one before keeps its grant until nothing needs it. */
  KeyReplaced: 'KeyReplaced',
  /** Of an event: nothing needs a key of before any more, and its grant is taken back. */
  KeyRetired: 'KeyRetired',

  /** `spec.keys.rekeyGeneration` is lower than what the database has been rekeyed to before: nothing is moved. */
  RekeyGenerationSpent: 'RekeyGenerationSpent',

  // TopicsReady
  /** No broker answers; events wait in the outbox. */
  BrokerUnreachable: 'BrokerUnreachable',
  /** The brokers do not let the operator do what it has to. */
  KafkaAccessDenied: 'KafkaAccessDenied',
  /** The brokers' certificate is not signed by an authority that is trusted. */
  BrokerNotTrusted: 'BrokerNotTrusted',
  /** Fewer brokers than `topics.replicationFactor` asks copies for. */
  BrokersTooFew: 'BrokersTooFew',
  /** The brokers refuse what is asked for: a setting, a principal's name, or by a policy of theirs. */
  KafkaRequestRefused: 'KafkaRequestRefused',
  /** The Secret that `kafka.adminAuth` names is not in the operator's namespace, or lacks a key. */
  KafkaCredentialsMissing: 'KafkaCredentialsMissing',
  /** The operator's credential may not be used for this namespace, or with these brokers. */
  KafkaCredentialsNotAllowed: 'KafkaCredentialsNotAllowed',
  /** `kafka.tls.caRef` is a Secret, which the operator does not read, or holds no certificate. */
  KafkaCaUnreadable: 'KafkaCaUnreadable',
  /** `kafka.acls` is asked for, and the brokers have no authorizer. */
  AclsUnsupported: 'AclsUnsupported',
  /** `manage: Strimzi`, and the cluster has no KafkaTopic. */
  StrimziMissing: 'StrimziMissing',
  /** Strimzi has not made a topic yet, or cannot. */
  StrimziNotReady: 'StrimziNotReady',
  /** A topic has another number of partitions than asked for, or too few copies, which are never changed. */
  TopicMismatch: 'TopicMismatch',
  /** `manage: None`: the topics are yours, and are not looked at. */
  TopicsUnmanaged: 'TopicsUnmanaged',

  // NetworkPoliciesApplied
  /** `egress.to.host` needs an API for host-name policies, which this cluster lacks. */
  HostPolicyUnsupported: 'HostPolicyUnsupported',

  // CertificatesReady
  /** `spec.tls` asks for certificates of cert-manager, which the cluster does not have. */
  CertManagerMissing: 'CertManagerMissing',
  /** cert-manager has not issued a certificate; the message has what it says of it. */
  CertificateNotIssued: 'CertificateNotIssued',

  // PSPConnector
  /** `vaultRef` names no PaymentVault of this namespace. */
  VaultNotFound: 'VaultNotFound',
  /** The vault is not available yet. */
  VaultNotReady: 'VaultNotReady',
  /** A Secret with credentials, or a key of one, is missing. */
  CredentialsMissing: 'CredentialsMissing',
  /** Credentials are not what this provider needs. */
  CredentialsInvalid: 'CredentialsInvalid',
  /** The PSP does not answer, or refuses. */
  PspUnreachable: 'PspUnreachable',
  /** The pods have not reported yet. */
  NotReported: 'NotReported',
  /** The PSP has not been called yet, so nobody knows whether it answers. */
  NotCalled: 'NotCalled',
  /** This operator's release has no adapter for the provider. */
  ProviderNotSupported: 'ProviderNotSupported',
} as const;
export type Reason = (typeof REASON)[keyof typeof REASON];
