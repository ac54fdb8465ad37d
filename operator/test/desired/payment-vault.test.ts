import { AccessFile, RoutingFile } from '@cofferdam/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyReference } from '../../src/desired/key.ts';
import type { Manifest } from '../../src/desired/manifest.ts';
import {
  type ObservedForVault,
  type PaymentVaultPlan,
  planPaymentVault,
} from '../../src/desired/payment-vault.ts';
import { connector, facts, GRANTEE, paymentVault } from '../fixtures.ts';

const KEY = 'arn:aws:kms:eu-central-1:000000000000:key/1';
const nothing: ObservedForVault = { connectors: [], completedJobs: new Set() };
const { migrations } = planPaymentVault(paymentVault(), nothing, facts);
const migrated: ObservedForVault = {
  ...nothing,
  completedJobs: new Set(Object.values(migrations)),
  keyArn: KEY,
};
const namesOf = (manifests: readonly Manifest[], kind: string) =>
  manifests.filter(({ resource }) => resource.kind === kind).map(({ object }) => object.metadata.name);
const heldOf = ({ held }: PaymentVaultPlan, wanted: string) =>
  held.flatMap(({ kind, name }) => (kind === wanted ? [name] : []));
const _image = (digit: string) => `ghcr.io/cofferdam/x@sha256:${digit.repeat(64)}`;
type Content = {
  data: Record<string, string>;
  spec: {
    replicas?: number;
    template: {
      metadata: { annotations?: object };
      spec: { containers: { image: string; args: string[]; env: { name: string; value?: string }[] }[] };
    };
  };
  metadata: { annotations?: Record<string, string> };
};
const find = (manifests: readonly Manifest[], kind: string, name: string) => {
  const found = manifests.find(
    ({ resource, object }) => resource.kind === kind && object.metadata.name === name,
  );
  return found?.object as unknown as Content;
};
const envOf = (content: Content) =>
  Object.fromEntries(
    content.spec.template.spec.containers[0]?.env.map(({ name, value }) => [name, value]) ?? [],
  );

test('before anything has run, there are the Jobs and what stands around the pods, and no Deployment', () => {
  const plan = planPaymentVault(paymentVault(), nothing, facts);
  expect(namesOf(plan.manifests, 'Deployment')).toEqual([]);
  expect(namesOf(plan.manifests, 'Job')).toEqual([migrations.vault, migrations.router]);
  expect(heldOf(plan, 'Deployment')).toEqual(['payments-vault', 'payments-router']);
});

test('the vault waits for its migration and for the key, the router for its own migration only', () => {
  const withoutKey = planPaymentVault(paymentVault(), { ...migrated, keyArn: undefined }, facts);
  expect(namesOf(withoutKey.manifests, 'Deployment')).toEqual(['payments-router']);
  expect(heldOf(withoutKey, 'Deployment')).toEqual(['payments-vault']);
  const plan = planPaymentVault(paymentVault(), migrated, facts);
  expect(namesOf(plan.manifests, 'Deployment')).toEqual(['payments-vault', 'payments-router']);
  expect(heldOf(plan, 'Deployment')).toEqual([]);
});

/** Of a pod that has its key certified by the operator. */
const tlsEnv = (name: string) => ({
  CA_FILE: '/etc/cofferdam/ca/ca.crt',
  CERTIFICATE_URL: 'https://cofferdam-operator.cofferdam-system.svc:8443',
  CERTIFICATE_TOKEN_FILE: '/var/run/secrets/cofferdam-certificates/token',
  SERVICE_NAMES: ['.payments-dev.svc', '.payments-dev.svc.cluster.local', '.payments-dev', '']
    .map((rest) => `${name}${rest}`)
    .join(','),
});

test('a vault process gets its database, its key and its access file, and no PSP or router setting', () => {
  const kafka = { bootstrapServers: ['a:9092', 'b:9092'], manage: 'Admin' } as const;
  const vault = paymentVault({ kafka: { ...kafka, bootstrapServers: [...kafka.bootstrapServers] } });
  const plan = planPaymentVault(vault, migrated, facts);
  expect(envOf(find(plan.manifests, 'Deployment', 'payments-vault'))).toEqual({
    LOG_LEVEL: 'info',
    VAULT_ID: 'acme-dev',
    ACCESS_FILE: '/etc/cofferdam/access/access.json',
    DATABASE_DIR: '/etc/cofferdam/database',
    KMS_KEY_ARN: KEY,
    MERCHANT_KEYS_FILE: '/etc/cofferdam/access/merchant-keys.json',
    TOKEN_FORMAT: 'Opaque',
    TOKEN_DEDUPLICATE: 'Merchant',
    DATA_KEY_MAX_AGE_HOURS: '168',
    KMS_OUTAGE_MINUTES: '60',
    CVC_TTL_SECONDS: '900',
    BACKUP_RETENTION_DAYS: '35',
    EVENT_RETENTION_HOURS: '168',
    REQUESTS_PER_SECOND: '20000',
    KAFKA_BOOTSTRAP_SERVERS: 'a:9092,b:9092',
    KAFKA_TOPIC: 'cofferdam.acme-dev.tokens',
    KAFKA_AUDIT_TOPIC: 'cofferdam.acme-dev.audit',
    AWS_REGION: 'eu-central-1',
    ...tlsEnv('payments-vault'),
    POD_NAME: undefined,
  });
});

test('the router never gets the key, and asks the vault under a name', () => {
  const plan = planPaymentVault(paymentVault(), migrated, facts);
  expect(envOf(find(plan.manifests, 'Deployment', 'payments-router'))).toEqual({
    LOG_LEVEL: 'info',
    VAULT_ID: 'acme-dev',
    ACCESS_FILE: '/etc/cofferdam/access/access.json',
    DATABASE_DIR: '/etc/cofferdam/database',
    ROUTING_FILE: '/etc/cofferdam/routing/routing.json',
    VAULT_URL: 'https://payments-vault.payments-dev.svc:8080',
    TOKEN_FILE: '/var/run/secrets/cofferdam/token',
    EVENT_RETENTION_HOURS: '168',
    REQUESTS_PER_SECOND: '20000',
    ...tlsEnv('payments-router'),
    POD_NAME: undefined,
  });
});

test('what the spec says of keys, backups, events and limits reaches the processes', () => {
  const vault = paymentVault({
    keys: { kmsOutageMinutes: 5, dataKeyMaxAgeHours: 24 },
    tokens: { cvcTtlSeconds: 60 },
    events: { retentionHours: 12 },
    limits: { requestsPerSecond: 100 },
  });
  vault.spec.database.backupRetentionDays = 0;
  vault.spec.database.synchronousReplication = true;
  const plan = planPaymentVault(vault, migrated, facts);
  const shared = {
    EVENT_RETENTION_HOURS: '12',
    REQUESTS_PER_SECOND: '100',
    DATABASE_SYNCHRONOUS_REPLICATION: 'true',
  };
  expect(envOf(find(plan.manifests, 'Deployment', 'payments-router'))).toMatchObject(shared);
  expect(envOf(find(plan.manifests, 'Deployment', 'payments-vault'))).toMatchObject({
    ...shared,
    KMS_OUTAGE_MINUTES: '5',
    DATA_KEY_MAX_AGE_HOURS: '24',
    CVC_TTL_SECONDS: '60',
    BACKUP_RETENTION_DAYS: '0',
  });
});

test("only the vault's ServiceAccount acts as the IAM role", () => {
  const plan = planPaymentVault(paymentVault(), migrated, facts);
  const annotations = (name: string) => find(plan.manifests, 'ServiceAccount', name).metadata.annotations;
  expect(annotations('payments-vault')).toEqual({ 'eks.amazonaws.com/role-arn': GRANTEE });
  expect(annotations('payments-router')).toBeUndefined();
  // A pod has the role that it was made with: another role is another pod.
  const { spec } = find(plan.manifests, 'Deployment', 'payments-vault');
  expect(spec.template.metadata.annotations).toEqual({ 'eks.amazonaws.com/role-arn': GRANTEE });
});

test('the access file holds what the spec says, and lets each of our own processes do its one thing', () => {
  const plan = planPaymentVault(paymentVault(), { ...migrated, connectors: [connector()] }, facts);
  const { data } = find(plan.manifests, 'ConfigMap', 'payments-access');
  expect(AccessFile.parse(JSON.parse(data['access.json'] ?? ''))).toEqual({
    vaultId: 'acme-dev',
    issuers: [
      {
        issuer: 'https://kubernetes.default.svc.cluster.local',
        audiences: ['cofferdam'],
        jwksFile: 'cluster-jwks.json',
      },
    ],
    rules: [
      {
        subjects: ['system:serviceaccount:payments-dev:checkout'],
        merchants: ['acme'],
        allow: ['tokens:create', 'payments:create'],
      },
      {
        subjects: ['system:serviceaccount:payments-dev:payments-router'],
        merchants: ['*'],
        allow: ['tokens:read', 'grants:create', 'charges:create'],
      },
      {
        subjects: ['system:serviceaccount:payments-dev:stripe-connector'],
        merchants: ['acme'],
        allow: ['tokens:reveal'],
      },
      {
        subjects: ['system:serviceaccount:cofferdam-system:cofferdam-operator'],
        merchants: ['*'],
        allow: ['status:read'],
      },
    ],
  });
  expect(data['cluster-jwks.json']).toBe(facts.clusterJwks);
});

test('the routing file names every connector with where and as whom it is called', () => {
  const connectors = [
    connector('stripe', { routing: { priority: 200 } }),
    connector('adyen', { provider: 'adyen' }),
  ];
  const plan = planPaymentVault(paymentVault(), { ...migrated, connectors }, facts);
  const { data } = find(plan.manifests, 'ConfigMap', 'payments-routing');
  const routing = RoutingFile.parse(JSON.parse(data['routing.json'] ?? ''));
  expect(routing.connectors.map(({ name }) => name)).toEqual(['adyen', 'stripe']);
  expect(routing.connectors[1]).toEqual({
    name: 'stripe',
    provider: 'stripe',
    url: 'https://stripe-connector.payments-dev.svc:8080',
    subject: 'system:serviceaccount:payments-dev:stripe-connector',
    accounts: [{ name: 'acme', merchants: ['acme'] }],
    priority: 200,
    weight: 100,
    timeoutMs: 12_000,
  });
});

test('onboarding a merchant changes no pod template', () => {
  const template = (rules: number) => {
    const vault = paymentVault();
    const [rule] = vault.spec.access.rules;
    vault.spec.access.rules = Array.from({ length: rules }, () => rule).filter((one) => one !== undefined);
    const plan = planPaymentVault(vault, { ...migrated, connectors: rules > 1 ? [connector()] : [] }, facts);
    return ['payments-vault', 'payments-router'].map((name) => find(plan.manifests, 'Deployment', name));
  };
  expect(template(5)).toEqual(template(1));
});

test('with a range of replicas an autoscaler owns their number', () => {
  const vault = paymentVault({ scaling: { vault: { minReplicas: 2, maxReplicas: 6 } } });
  const plan = planPaymentVault(vault, migrated, facts);
  expect(find(plan.manifests, 'Deployment', 'payments-vault').spec.replicas).toBeUndefined();
  expect(namesOf(plan.manifests, 'HorizontalPodAutoscaler')).toEqual(['payments-vault']);
  expect(find(plan.manifests, 'HorizontalPodAutoscaler', 'payments-vault').spec).toMatchObject({
    minReplicas: 2,
    maxReplicas: 6,
  });
});

test('topics and key are data in the plan', () => {
  const kafka = {
    bootstrapServers: ['a:9092'],
    manage: 'Admin' as const,
    topics: { partitions: 3, replicationFactor: 1 },
  };
  const plan = planPaymentVault(paymentVault({ kafka }), nothing, facts);
  const config = { 'min.insync.replicas': '1', 'retention.ms': '604800000' };
  // Anchors prove the audit trail for as long as they are kept.
  const ofAudit = { ...config, 'retention.ms': '31622400000' };
  expect(plan.topics).toEqual({
    manage: 'Admin',
    namespace: 'payments-dev',
    bootstrapServers: ['a:9092'],
    writers: [],
    topics: [
      { name: 'cofferdam.acme-dev.tokens', partitions: 3, replicationFactor: 1, config },
      { name: 'cofferdam.acme-dev.payments', partitions: 3, replicationFactor: 1, config },
      { name: 'cofferdam.acme-dev.audit', partitions: 1, replicationFactor: 1, config: ofAudit },
    ],
  });
  expect(plan.key).toEqual({
    vaultId: 'acme-dev',
    region: 'eu-central-1',
    previousKeyArns: [],
    key: { created: { rotationDays: 365, deletionWindowDays: 30 } },
    grantee: GRANTEE,
  });
});

test('a grantee that is not allowed for the namespace is refused', () => {
  const plan = planPaymentVault(paymentVault(), nothing, { ...facts, grantees: { elsewhere: [GRANTEE] } });
  expect(plan.key).toEqual({
    refused: 'GranteeNotAllowed',
    message: `granteePrincipal ${GRANTEE} is not allowed for namespace payments-dev: have it added to the operator's allow-list of grantees`,
  });
  expect(find(plan.manifests, 'ServiceAccount', 'payments-vault').metadata.annotations).toBeUndefined();
});

test('a key can be released although its grantee has left the allow-list', () => {
  expect(keyReference(paymentVault(), { ...facts, grantees: {} })).toEqual({
    vaultId: 'acme-dev',
    region: 'eu-central-1',
    key: { created: { rotationDays: 365, deletionWindowDays: 30 } },
    previousKeyArns: [],
    grantee: GRANTEE,
  });
});

const anyVault = fc
  .record({
    minReplicas: fc.integer({ min: 1, max: 5 }),
    extra: fc.integer({ min: 0, max: 5 }),
    kafka: fc.boolean(),
    migrationRole: fc.boolean(),
    logLevel: fc.constantFrom('Error', 'Warn', 'Info', 'Debug'),
    keyed: fc.boolean(),
    done: fc.boolean(),
    connectors: fc.uniqueArray(fc.stringMatching(/^[a-z]{3,10}$/), { maxLength: 4 }),
  })
  .map((any) => {
    const vault = paymentVault({
      scaling: { vault: { minReplicas: any.minReplicas, maxReplicas: any.minReplicas + any.extra } },
      observability: { logLevel: any.logLevel as 'Info' },
      ...(any.kafka ? { kafka: { bootstrapServers: ['a:9092'], manage: 'Admin' } } : {}),
    });
    if (!any.migrationRole) delete vault.spec.database.vault.migrationSecretRef;
    const first = planPaymentVault(vault, nothing, facts);
    const observed: ObservedForVault = {
      connectors: any.connectors.map((name) => connector(name)),
      completedJobs: any.done ? new Set(Object.values(first.migrations)) : new Set(),
      keyArn: any.keyed ? KEY : undefined,
    };
    return { vault, observed };
  });

test('property: the same input gives the same plan, in whatever order the connectors are listed', () => {
  fc.assert(
    fc.property(anyVault, ({ vault, observed }) => {
      const plan = planPaymentVault(vault, observed, facts);
      const shuffled = { ...observed, connectors: [...observed.connectors].reverse() };
      expect(JSON.stringify(planPaymentVault(structuredClone(vault), shuffled, facts))).toBe(
        JSON.stringify(plan),
      );
    }),
  );
});

test('property: every manifest is in the namespace, labelled as ours, named once, and no Deployment is both made and held', () => {
  fc.assert(
    fc.property(anyVault, ({ vault, observed }) => {
      const { manifests, held } = planPaymentVault(vault, observed, facts);
      const seen = new Set<string>();
      for (const { resource, object } of manifests) {
        const { name, namespace, labels } = object.metadata;
        expect(namespace).toBe('payments-dev');
        expect(labels).toMatchObject({
          'app.kubernetes.io/instance': 'payments',
          'app.kubernetes.io/part-of': 'cofferdam',
          'app.kubernetes.io/managed-by': 'cofferdam-operator',
        });
        expect(name).toMatch(/^payments-[a-z0-9-]{1,54}$/);
        seen.add(`${resource.kind}/${name}`);
        if (resource.kind === 'Deployment') expect(held).not.toContainEqual({ kind: 'Deployment', name });
      }
      expect(seen.size).toBe(manifests.length);
    }),
  );
});
