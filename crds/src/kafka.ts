import { z } from 'zod';
import { Label, ObjectName } from './names.ts';
import { CaRef, SecretRef } from './references.ts';
import { immutable, listSet, withRules } from './schema-rules.ts';

/** How one client proves who it is to the brokers. */
const KafkaAuth = withRules(
  z.strictObject({
    mechanism: z
      .enum(['ScramSha256', 'ScramSha512', 'AwsMskIam', 'MutualTls'])
      .describe('Absent auth: no authentication.'),
    secretRef: SecretRef.optional().describe(
      'Secret with `username` and `password` (SCRAM) or `tls.crt` and `tls.key` (MutualTls). Not for AwsMskIam, which uses the role of the pod.',
    ),
  }),
  {
    rule: "has(self.secretRef) == (self.mechanism != 'AwsMskIam')",
    message: 'ScramSha256, ScramSha512 and MutualTls need secretRef; AwsMskIam takes none',
  },
);

export const Topics = withRules(
  z.strictObject({
    partitions: immutable(z.int().min(1).max(10_000), 'the order of keyed events depends on it')
      .optional()
      .describe(
        'Partitions of each topic of events, 1 to 10000, for life: it can be set and never changed. Absent: 12. The topic of the audit has one.',
      ),
    replicationFactor: z
      .int()
      .min(1)
      .max(15)
      .optional()
      .describe('Copies of each partition, 1 to 15, used when a topic is made. Absent: 3.'),
    minInSyncReplicas: z
      .int()
      .min(1)
      .max(15)
      .optional()
      .describe(
        'Copies that must confirm a write, 1 to 15, at most replicationFactor. Absent: 2, or replicationFactor where that is less.',
      ),
    retentionHours: z
      .int()
      .min(1)
      .max(87_600)
      .optional()
      .describe('Hours that events stay in the topic, 1 to 87600. Absent: 168.'),
    auditRetentionHours: z
      .int()
      .min(1)
      .max(87_600)
      .optional()
      .describe(
        'Hours that anchors of the audit trail stay in their topic, 1 to 87600: for so long they prove it. Absent: 8784, a year (PCI DSS 10.5.1).',
      ),
  }),
  {
    rule: '!has(self.minInSyncReplicas) || !has(self.replicationFactor) || self.minInSyncReplicas <= self.replicationFactor',
    message: 'minInSyncReplicas must not exceed replicationFactor: nothing could be written',
    fieldPath: '.minInSyncReplicas',
  },
);
export type Topics = z.infer<typeof Topics>;

const Strimzi = z.strictObject({
  cluster: Label.describe('Name of the Kafka resource: label `strimzi.io/cluster` of the KafkaTopics.'),
});

const Acls = z
  .strictObject({
    vaultPrincipal: z.string().min(1).max(512).describe('Such as `User:acme-vault`.'),
    routerPrincipal: z.string().min(1).max(512).describe('Such as `User:acme-router`.'),
  })
  .describe(
    'The operator lets each principal write to its own topics (the vault: tokens and audit), and to nothing else; with `manage: Admin`, and Kafka 3.0 or newer. What is missing is made; no ACL is ever removed. Absent: no ACLs.',
  );

const authenticatedOverTls = {
  rule: "has(self.tls) || [has(self.auth) ? self.auth.mechanism : '', has(self.adminAuth) ? self.adminAuth.mechanism : ''].all(m, m != 'MutualTls' && m != 'AwsMskIam')",
  message: 'MutualTls and AwsMskIam need tls',
};

const partitionsAreKept = {
  rule: '!has(oldSelf.topics) || !has(oldSelf.topics.partitions) || (has(self.topics) && has(self.topics.partitions))',
  message: 'topics.partitions cannot be removed once it is set',
};

export const Kafka = withRules(
  z
    .strictObject({
      bootstrapServers: listSet(
        z
          .array(
            z
              .string()
              .max(260)
              .regex(/^[A-Za-z0-9.-]+:[0-9]{1,5}$/),
          )
          .min(1)
          .max(16),
      ).describe('Brokers to start from, as `host:port`.'),
      tls: z
        .strictObject({
          caRef: CaRef.optional().describe(
            'Absent: the public certificate authorities. The operator itself reads a ConfigMap only: with a Secret, the Secret of adminAuth has to hold `ca.crt`.',
          ),
        })
        .optional()
        .describe('TLS to the brokers. Absent: plaintext.'),
      auth: KafkaAuth.optional().describe('Of the services that write events.'),
      adminAuth: KafkaAuth.optional().describe(
        'Of the operator, for `manage: Admin`; its Secret lies in the namespace of the operator, is the only one that the operator reads, and says in its annotations `payments.cofferdam.dev/kafka-namespaces` and `payments.cofferdam.dev/kafka-bootstrap-servers` for whom and where it may be used. Absent: no authentication.',
      ),
      manage: z
        .enum(['Admin', 'Strimzi', 'None'])
        .describe(
          'Who makes the topics: the operator through the Admin API, Strimzi through KafkaTopic resources, or you.',
        ),
      strimzi: Strimzi.optional().describe('Only with `manage: Strimzi`.'),
      topics: Topics.optional(),
      acls: Acls.optional(),
    })
    .describe('Brokers for events. Absent: events stay in the outbox and in the HTTP feed.'),
  {
    rule: "has(self.strimzi) == (self.manage == 'Strimzi')",
    message: 'strimzi is wanted with manage: Strimzi, and only then',
  },
  {
    rule: "!has(self.acls) || self.manage == 'Admin'",
    message: 'acls are made with manage: Admin only; with Strimzi they stand in the KafkaUser',
  },
  authenticatedOverTls,
  partitionsAreKept,
);
export type Kafka = z.infer<typeof Kafka>;

/** A topic as the operator found it. */
export const TopicStatus = z.strictObject({
  name: ObjectName,
  partitions: z.int().min(0).max(1_000_000),
  replicationFactor: z.int().min(0).max(1000),
});
