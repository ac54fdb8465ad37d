import { expect, test } from 'vitest';
import { adminAccess, mskRegion } from '../../src/desired/kafka-access.ts';
import { kafkaClient } from '../../src/desired/kafka-client.ts';
import { topicsPlan } from '../../src/desired/topics.ts';
import { facts, paymentVault } from '../fixtures.ts';

const brokers = { bootstrapServers: ['a:9093', 'b:9093'], manage: 'Admin' as const };
const MSK = 'b-1.events.abc123.c2.kafka.eu-west-1.amazonaws.com:9098';

test('a client without TLS and authentication gets the brokers and the topic, and mounts nothing', () => {
  expect(kafkaClient(paymentVault({ kafka: brokers }), 'payments')).toEqual({
    env: { KAFKA_BOOTSTRAP_SERVERS: 'a:9093,b:9093', KAFKA_TOPIC: 'cofferdam.acme-dev.payments' },
    mounts: [],
  });
  expect(kafkaClient(paymentVault(), 'payments')).toEqual({ env: {}, mounts: [] });
});

test('a client with SCRAM over TLS mounts its Secret and the CA, and no value of either is in its environment', () => {
  const kafka = {
    ...brokers,
    tls: { caRef: { kind: 'ConfigMap' as const, name: 'kafka-ca', key: 'root.pem' } },
    auth: { mechanism: 'ScramSha512' as const, secretRef: { name: 'kafka-vault' } },
    adminAuth: { mechanism: 'ScramSha256' as const, secretRef: { name: 'kafka-admin' } },
  };
  const vault = paymentVault({ kafka });
  const { env, mounts } = kafkaClient(vault, 'tokens');
  expect(env).toEqual({
    KAFKA_BOOTSTRAP_SERVERS: 'a:9093,b:9093',
    KAFKA_TOPIC: 'cofferdam.acme-dev.tokens',
    KAFKA_AUDIT_TOPIC: 'cofferdam.acme-dev.audit',
    KAFKA_TLS: 'true',
    KAFKA_CA_FILE: '/etc/cofferdam/kafka-ca/root.pem',
    KAFKA_AUTH: 'ScramSha512',
    KAFKA_CREDENTIALS_DIR: '/etc/cofferdam/kafka',
  });
  expect(mounts).toEqual([
    {
      kind: 'configMap',
      name: 'kafka-ca',
      configMap: 'kafka-ca',
      path: '/etc/cofferdam/kafka-ca',
      optional: true,
    },
    { kind: 'secret', name: 'kafka', secret: 'kafka-vault', path: '/etc/cofferdam/kafka', optional: true },
  ]);
  // The operator's own credential is another, and no pod of the vault's namespace is given it.
  expect(JSON.stringify({ env, mounts })).not.toContain('kafka-admin');
  expect(adminAccess(vault, kafka)).toEqual({
    bootstrapServers: ['a:9093', 'b:9093'],
    namespace: 'payments-dev',
    tls: { ca: { kind: 'ConfigMap', namespace: 'payments-dev', name: 'kafka-ca', key: 'root.pem' } },
    auth: { mechanism: 'ScramSha256', secret: 'kafka-admin' },
  });
});

test('the region of MSK is the one in the names of its brokers, and otherwise that of KMS', () => {
  const iam = { tls: {}, auth: { mechanism: 'AwsMskIam' as const } };
  const msk = paymentVault({ kafka: { ...brokers, ...iam, bootstrapServers: [MSK] } });
  expect(kafkaClient(msk, 'tokens')).toEqual({
    env: {
      KAFKA_BOOTSTRAP_SERVERS: MSK,
      KAFKA_TOPIC: 'cofferdam.acme-dev.tokens',
      KAFKA_AUDIT_TOPIC: 'cofferdam.acme-dev.audit',
      KAFKA_TLS: 'true',
      KAFKA_AUTH: 'AwsMskIam',
      KAFKA_REGION: 'eu-west-1',
    },
    mounts: [],
  });
  const serverless = 'boot-x1y2.c3.kafka-serverless.us-gov-west-1.amazonaws.com:9098';
  expect(mskRegion(paymentVault({ kafka: { ...brokers, bootstrapServers: [serverless] } }))).toBe(
    'us-gov-west-1',
  );
  expect(mskRegion(paymentVault({ kafka: brokers }))).toBe('eu-central-1');
});

test('each principal is let to its own topics', () => {
  const acls = { vaultPrincipal: 'User:acme-vault', routerPrincipal: 'User:acme-router' };
  expect(topicsPlan(paymentVault({ kafka: { ...brokers, acls } }), facts)).toMatchObject({
    writers: [
      { topic: 'cofferdam.acme-dev.tokens', principal: 'User:acme-vault' },
      { topic: 'cofferdam.acme-dev.audit', principal: 'User:acme-vault' },
      { topic: 'cofferdam.acme-dev.payments', principal: 'User:acme-router' },
    ],
  });
});

test('with Strimzi the topic of the audit is a KafkaTopic of one partition, kept for as long as it is asked for', () => {
  const topics = { partitions: 6, retentionHours: 24, auditRetentionHours: 48 };
  const strimzi = { ...brokers, manage: 'Strimzi' as const, strimzi: { cluster: 'events' }, topics };
  const plan = topicsPlan(paymentVault({ kafka: strimzi }), facts);
  if (plan.manage !== 'Strimzi') throw new Error(plan.manage);
  const audit = plan.manifests.find(({ object }) => object.metadata.name.endsWith('.audit'));
  expect(audit?.object).toMatchObject({
    spec: { partitions: 1, replicas: 3, config: { 'retention.ms': 48 * 3_600_000 } },
  });
});
