import { PaymentVaultStatus, PSPConnectorStatus, REASON } from '@cofferdam/crds';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { planPSPConnector } from '../../src/desired/psp-connector.ts';
import { paymentVaultStatus, type VaultObservation } from '../../src/status/payment-vault.ts';
import { podTrouble } from '../../src/status/pod-trouble.ts';
import { type ConnectorObservation, pspConnectorStatus } from '../../src/status/psp-connector.ts';
import { waitsForTurn } from '../../src/status/rollout-queue.ts';
import { connector, facts, paymentVault } from '../fixtures.ts';
import { fine, messageOf, now, plan, running, say, statusOf } from './vault-observation.ts';

test('a vault of which all is as asked is Ready, and neither Reconciling nor Stalled is there', () => {
  expect(say(statusOf({}))).toEqual({
    Ready: 'True Succeeded',
    KeyBound: 'True Succeeded',
    DatabaseMigrated: 'True Succeeded',
    TopicsReady: 'True Succeeded',
    NetworkPoliciesApplied: 'True Succeeded',
    Available: 'True Succeeded',
  });
});

test('a missing database Secret is named with its keys and what to do', () => {
  const events = [
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      reason: 'FailedMount',
      message: 'MountVolume.SetUp failed for volume "database" : secret "vault-database" not found',
      involvedObject: { uid: 'pod-uid' },
    },
  ];
  const pods = [
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', uid: 'pod-uid' }, status: { phase: 'Pending' } },
  ];
  const secretKeys = 'host, port, dbname, username, password';
  const trouble = podTrouble(pods, events, { namespace: 'payments-dev', secretKeys });
  const status = statusOf({
    migrated: { vault: false, router: true },
    jobTrouble: { vault: trouble, router: undefined },
  });
  expect(say(status)).toMatchObject({
    Ready: 'False DatabaseSecretMissing',
    Stalled: 'True DatabaseSecretMissing',
    DatabaseMigrated: 'False DatabaseSecretMissing',
    Available: 'True Succeeded',
  });
  expect(messageOf(status, 'DatabaseMigrated')).toBe(
    'Secret payments-dev/vault-database not found: create it, with keys host, port, dbname, username, password',
  );
});

test('a migration whose pods fail is not called running, while another is tried', () => {
  const pod = (state: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: 'pod-uid' },
    status: { phase: 'Failed', containerStatuses: [{ name: 'vault', restartCount: 0, state }] },
  });
  const trouble = podTrouble([pod({ terminated: { exitCode: 1 } })], [], { namespace: 'payments-dev' });
  const status = statusOf({
    migrated: { vault: false, router: true },
    jobTrouble: { vault: trouble, router: undefined },
  });
  expect(say(status)).toMatchObject({
    DatabaseMigrated: 'False MigrationFailed',
    Available: 'True Succeeded',
  });
  const job = fine.plan.migrations.vault;
  expect(messageOf(status, 'DatabaseMigrated')).toBe(
    `Job ${job} fails and is tried again: see kubectl logs -n payments-dev job/${job}, and mend the cause (delete the Job to have it tried at once)`,
  );
  expect(
    podTrouble([pod({ terminated: { exitCode: 0 } })], [], { namespace: 'payments-dev' }),
  ).toBeUndefined();
});

test('a connector of a vault that waits says what its vault waits for', () => {
  const { conditions: _, ...rest } = statusOf({});
  const said = { type: 'Ready', status: 'False' as const, reason: 'VaultIdInUse', lastTransitionTime: now };
  const conditions = [{ ...said, message: 'vaultId acme-dev is already used' }];
  const vault = { ...paymentVault(), status: { ...rest, conditions } };
  expect(messageOf(pspConnectorStatus(connector(), { ...seen, vault }, now), 'VaultBound')).toBe(
    'PaymentVault payments-dev/payments does not serve yet: vaultId acme-dev is already used',
  );
});

test('what waits for a person goes before what is on its way', () => {
  const status = statusOf({
    migrated: { vault: false, router: true },
    key: { problem: { reason: 'KeyDisabled', message: 'key x is Disabled: enable it' } },
    topics: { topics: [], problem: { reason: 'BrokerUnreachable', message: 'nobody' } },
  });
  expect(say(status)).toMatchObject({ Ready: 'False KeyDisabled', Stalled: 'True KeyDisabled' });
});

test('a missing broker degrades and stops nothing', () => {
  const kafka = { bootstrapServers: ['a:9092'], manage: 'Admin' as const };
  const withKafka = planPaymentVault(
    paymentVault({ kafka }),
    { connectors: [], completedJobs: new Set() },
    facts,
  );
  const status = statusOf({
    plan: withKafka,
    topics: { topics: [], problem: { reason: 'BrokerUnreachable', message: 'nobody' } },
  });
  expect(say(status)).toMatchObject({
    Ready: 'False BrokerUnreachable',
    Reconciling: 'True BrokerUnreachable',
    TopicsReady: 'False BrokerUnreachable',
    Available: 'True Succeeded',
  });
});

test('brokers that the operator reaches and the pods do not are told too', () => {
  const kafka = { bootstrapServers: ['a:9092'], manage: 'Admin' as const };
  const plan = planPaymentVault(paymentVault({ kafka }), { connectors: [], completedJobs: new Set() }, facts);
  const said = (broker: 'connected' | 'unreachable') => {
    const outbox = { unpublished: 3, broker };
    return say(statusOf({ plan, statusz: { service: 'vault', version: 'test', instance: 'test', outbox } }));
  };
  expect(said('connected')).toMatchObject({ TopicsReady: 'True Succeeded' });
  expect(said('unreachable')).toMatchObject({
    TopicsReady: 'False BrokerUnreachable',
    Available: 'True Succeeded',
  });
});

test('a roll-out that is under way keeps Available and takes Ready', () => {
  const deployment = { ...running('payments-vault'), metadata: { name: 'payments-vault', generation: 2 } };
  const workloads = { ...fine.workloads, vault: { name: 'payments-vault', deployment, trouble: undefined } };
  expect(say(statusOf({ workloads }))).toMatchObject({
    Ready: 'False PodsNotReady',
    Reconciling: 'True PodsNotReady',
    Available: 'True Succeeded',
  });
});

test('a key that the pods cannot use is reported although KMS calls it enabled', () => {
  const statusz = {
    service: 'vault' as const,
    version: '1',
    instance: 'p',
    key: { keyArn: 'arn:key', state: 'unavailable' as const, detail: 'AccessDenied' },
  };
  expect(say(statusOf({ statusz }))).toMatchObject({ KeyBound: 'False KmsAccessDenied' });
});

test('an issuer without keys is named', () => {
  const vault = paymentVault();
  vault.spec.access.issuers.push({ issuer: 'https://login.example.com', audiences: ['x'] });
  expect(say(statusOf({}, vault))).toMatchObject({
    Ready: 'False IssuerKeysUnknown',
    Stalled: 'True IssuerKeysUnknown',
  });
});

test('members of the spec that this release does not act on are listed', () => {
  const vault = paymentVault({
    tokens: { format: 'Opaque', deduplicate: 'Merchant', cvcTtlSeconds: 600 },
    router: { rules: [], cascade: {} },
  });
  expect(statusOf({}, vault).notYetActedOn).toEqual(['spec.router.cascade']);
});

test('a rekey to a generation that the database has behind it moves nothing, and says which one would', () => {
  const rekey = { generation: 5, total: 3, done: 3, finished: true };
  const statusz = { service: 'vault', version: '1', instance: 'x', rekey } as const;
  const told = statusOf({ statusz }, paymentVault({ keys: { rekeyGeneration: 1 } }));
  expect(say(told)).toMatchObject({ Ready: 'False RekeyGenerationSpent', Available: 'True Succeeded' });
  expect(messageOf(told, 'Stalled')).toContain('raise it to 6 or more');
  for (const keys of [{}, { rekeyGeneration: 5 }, { rekeyGeneration: 6 }]) {
    expect(say(statusOf({ statusz }, paymentVault({ keys })))).toMatchObject({ Ready: 'True Succeeded' });
  }
});

test('the progress of a rekey is what the vault reported last, also while it does not answer', () => {
  const rekey = { generation: 1, total: 100, done: 40, finished: false };
  const vault = { ...paymentVault({ keys: { rekeyGeneration: 1 } }), status: { rekey } };
  expect(statusOf({}, vault).rekey).toEqual(rekey);
  const statusz = { service: 'vault', version: '1', instance: 'x', rekey: { ...rekey, done: 60 } } as const;
  expect(statusOf({ statusz }, vault).rekey?.done).toBe(60);
  const old = { ...statusz, rekey: { ...rekey, generation: 0, finished: true } };
  expect(statusOf({ statusz: old }, vault).rekey).toEqual(rekey);
});

test('the time of a condition moves only with its status', () => {
  const before = statusOf({});
  const vault = { ...paymentVault(), status: before };
  const later = paymentVaultStatus(vault, fine, { facts, now: '2026-11-22T19:00:00Z' });
  expect(later).toEqual(before);
});

const seen: ConnectorObservation = {
  plan: planPSPConnector(connector(), paymentVault(), facts),
  vault: { ...paymentVault(), status: statusOf({}) },
  workload: { name: 'stripe-connector', deployment: running('stripe-connector'), trouble: undefined },
  statusz: {
    service: 'connector',
    version: '1',
    instance: 'p',
    accounts: [{ name: 'acme', credentials: 'present', reachable: 'unknown' }],
  },
  applyProblem: undefined,
};

test('a connector is Ready before the PSP was ever called', () => {
  expect(say(pspConnectorStatus(connector(), seen, now))).toEqual({
    Ready: 'True Succeeded',
    VaultBound: 'True Succeeded',
    CredentialsPresent: 'True Succeeded',
    Reachable: 'Unknown NotCalled',
    NetworkPoliciesApplied: 'True Succeeded',
    Available: 'True Succeeded',
  });
});

test.each([
  ['VaultNotFound', connector(), undefined, { VaultBound: 'False VaultNotFound' }],
  [
    'CertManagerMissing',
    connector(),
    { ...paymentVault({ tls: { issuerRef: { name: 'internal' } } }), status: statusOf({}) },
    { VaultBound: 'True Succeeded', CertificatesReady: 'False CertManagerMissing' },
  ],
  [
    'HostPolicyUnsupported',
    connector('stripe', { egress: { to: [{ host: 'api.stripe.com' }], ports: [443] } }),
    seen.vault,
    { VaultBound: 'True Succeeded', NetworkPoliciesApplied: 'False HostPolicyUnsupported' },
  ],
])(
  '%s: pods that run are judged by what they do, and one that never ran by nothing',
  (reason, asked, vault, own) => {
    const { deployment } = seen.workload;
    const plan = planPSPConnector(asked, vault, facts, { deployment });
    const runs = { ...seen, plan, vault };
    expect(say(pspConnectorStatus(asked, runs, now))).toEqual({
      Ready: `False ${reason}`,
      Stalled: `True ${reason}`,
      CredentialsPresent: 'True Succeeded',
      Reachable: 'Unknown NotCalled',
      NetworkPoliciesApplied: 'True Succeeded',
      Available: 'True Succeeded',
      ...own,
    });
    const workload = { ...seen.workload, deployment: undefined };
    const never = pspConnectorStatus(asked, { ...runs, workload, statusz: undefined }, now);
    expect(say(never)).toMatchObject({ Available: 'False Waiting', Stalled: `True ${reason}` });
    expect(messageOf(never, 'Available')).toContain('nothing is applied: ');
  },
);

test('a missing credential is named with its Secret, its keys and its account', () => {
  const accounts = [{ name: 'acme', credentials: 'missing' as const, reachable: 'unknown' as const }];
  const statusz = { service: 'connector' as const, version: '1', instance: 'p', accounts };
  const status = pspConnectorStatus(connector(), { ...seen, statusz }, now);
  expect(say(status)).toMatchObject({
    Ready: 'False CredentialsMissing',
    Stalled: 'True CredentialsMissing',
  });
  expect(messageOf(status, 'CredentialsPresent')).toBe(
    'account acme: Secret payments-dev/stripe-acme or a key of it is missing: create it, with apiKey',
  );
});

test('property: whatever is observed, the status fits the schema, its reasons are documented, and Ready implies every part', () => {
  const trouble = fc.option(
    fc.record({
      reason: fc.constantFrom('PodsCrashing', 'ImagePullFailed', 'PodConfigMissing'),
      message: fc.string(),
    }),
    { nil: undefined },
  );
  const observation = fc.record({
    key: fc.constantFrom<VaultObservation['key']>({}, fine.key, {
      problem: { reason: 'KmsUnreachable', message: 'x' },
    }),
    migrated: fc.record({ vault: fc.boolean(), router: fc.boolean() }),
    jobTrouble: fc.record({ vault: trouble, router: trouble }),
    available: fc.integer({ min: 0, max: 1 }),
    applyProblem: fc.constantFrom(undefined, {
      kind: 'Service',
      reason: 'ApplyFailed' as const,
      message: 'x',
    }),
  });
  fc.assert(
    fc.property(observation, ({ available, ...rest }) => {
      const vault = {
        name: 'payments-vault',
        deployment: running('payments-vault', available),
        trouble: undefined,
      };
      const status = statusOf({
        ...rest,
        workloads: { ...fine.workloads, vault },
      } as Partial<VaultObservation>);
      PaymentVaultStatus.parse(status);
      const conditions = status.conditions ?? [];
      for (const { reason } of conditions) expect(REASON).toHaveProperty(reason);
      const ready = conditions.find(({ type }) => type === 'Ready')?.status === 'True';
      const others = conditions.filter(({ type }) => type !== 'Ready');
      if (ready) expect(others.every(({ status }) => status === 'True')).toBe(true);
      expect(others.some(({ type }) => type === 'Stalled' || type === 'Reconciling')).toBe(!ready);
    }),
  );
  PSPConnectorStatus.parse(pspConnectorStatus(connector(), seen, now));
});

test('pods that wait for their turn are Reconciling, with their place, and nothing else is said to be wrong', () => {
  const turn = { turn: 'Queued' as const, position: 3, waiting: 40, underWay: ['a/one', 'b/two'] };
  const waiting: VaultObservation = { ...fine, plan: { ...plan, queued: ['vault', 'router'] } };
  const status = statusOf({ ...waiting, turn, migrated: { vault: false, router: false } });
  expect(say(status)).toMatchObject({
    Ready: 'False RolloutQueued',
    Reconciling: 'True RolloutQueued',
    DatabaseMigrated: 'True Succeeded',
    Available: 'True Succeeded',
  });
  expect(messageOf(status, 'Ready')).toBe(
    "the operator's new release restarts its pods when its turn comes: 3 of 40 waiting; under way: a/one, b/two",
  );
  const alone = { ...waiting, plan: { ...plan, queued: ['router' as const] } };
  expect(say(statusOf({ ...alone, turn: { turn: 'Granted' } }))).toMatchObject({
    Reconciling: 'True Progressing',
  });
});

test('who is far from its turn says nothing new at each step of the queue', () => {
  const at = (position: number) =>
    waitsForTurn({ turn: 'Queued', position, waiting: 2000, underWay: [`ns/v${position}`] }).message;
  const said = new Set(Array.from({ length: 1995 }, (_, index) => at(2000 - index)));
  expect(said.size).toBeLessThan(10);
  expect(at(6)).toContain('at least 5 others come before it');
  expect(at(81)).toContain('at least 80 others');
  expect(at(80)).toContain('at least 40 others');
});

test('a kind that the cluster lacks stalls what asks for it, with what to install', () => {
  const vault = paymentVault({ observability: { serviceMonitor: {} } });
  const status = statusOf({}, vault);
  expect(say(status)).toMatchObject({
    Ready: 'False KindNotAvailable',
    Stalled: 'True KindNotAvailable',
    Available: 'True Succeeded',
  });
  expect(messageOf(status, 'Stalled')).toMatch(
    /^spec\.observability\.serviceMonitor needs ServiceMonitor of monitoring\.coreos\.com\/v1, which this cluster does not have: install/,
  );
});

test('a Deployment that was given another template is not rolled out, whatever was seen of it before', () => {
  const { vault, router } = fine.workloads;
  const status = statusOf({ workloads: { vault: { ...vault, changing: true }, router } });
  expect(say(status)).toMatchObject({ Ready: 'False Progressing', Available: 'True Succeeded' });
});
