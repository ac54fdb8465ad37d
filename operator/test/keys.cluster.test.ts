import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ListGrantsCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import type { PaymentVaultStatus } from '@cofferdam/crds';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { TEMPLATE_ANNOTATION } from '../src/desired/pod-template.ts';
import { VAULT_ID_TAG } from '../src/effects/kms-keys.ts';
import { type KubeObject, RESOURCES } from '../src/engine/index.ts';
import { PAYMENT_VAULTS } from '../src/reconcile/resources.ts';
import {
  createVault,
  GRANTEE,
  type RunningOperator,
  ready,
  startTestCluster,
  type TestCluster,
  vaultKey,
  waitFor,
} from './cluster-harness.ts';

let cluster: TestCluster;
let admin: KMSClient;
let running: RunningOperator | undefined;
beforeAll(async () => {
  cluster = await startTestCluster();
  admin = new KMSClient(cluster.kms.clientSettings.admin);
});
afterEach(async () => {
  await running?.stop();
  cluster.statusz.clear();
});
afterAll(async () => {
  admin?.destroy();
  await cluster?.stop();
});

const vault = (namespace: string) => ({ resource: PAYMENT_VAULTS, key: vaultKey(namespace) });
const kmsOf = async (namespace: string) =>
  (await cluster.admin.get<KubeObject & { status?: PaymentVaultStatus }>(PAYMENT_VAULTS, vaultKey(namespace)))
    .status?.kms;
const grantees = async (KeyId: string) =>
  ((await admin.send(new ListGrantsCommand({ KeyId }))).Grants ?? []).map(
    ({ GranteePrincipal }) => GranteePrincipal,
  );
async function supply(vaultId: string): Promise<string> {
  const Tags = [{ TagKey: VAULT_ID_TAG, TagValue: vaultId }];
  return (await admin.send(new CreateKeyCommand({ Tags }))).KeyMetadata?.Arn ?? '';
}
const kms = (keyId: string) => ({
  provider: 'aws' as const,
  region: 'eu-central-1',
  keyId,
  granteePrincipal: GRANTEE,
});
const reports = (keyArn: string, state: 'usable' | 'unavailable', inUse?: string[]) =>
  cluster.statusz.set('payments-vault', {
    service: 'vault',
    version: '1',
    instance: 'a',
    key: { keyArn, state, ...(inUse === undefined ? {} : { inUse }) },
  });
const soon = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 50 });

test('a vault that gets another key keeps the grant on the one before until its pods say that nothing needs it', async () => {
  // On the allow-list of the harness.
  const namespace = 'granted';
  await cluster.namespace(namespace);
  const [first, second] = [await supply(namespace), await supply(namespace)];
  await createVault(cluster, namespace, { kms: kms(first) });
  running = cluster.startOperator({ namespace });
  await waitFor(cluster, vault(namespace), ready);
  expect(await kmsOf(namespace)).toMatchObject({ keyArn: first, origin: 'Supplied', rotation: 'Off' });

  reports(second, 'usable', [first, second]);
  await cluster.admin.patch(PAYMENT_VAULTS, vaultKey(namespace), {
    type: 'merge',
    body: { spec: { kms: { keyId: second } } },
  });
  await soon(async () => {
    expect(await kmsOf(namespace)).toMatchObject({ keyArn: second, previousKeyArns: [first] });
    const deployment = await cluster.admin.get(RESOURCES.deployments, { namespace, name: 'payments-vault' });
    expect(JSON.stringify(deployment)).toContain(second);
  });
  await waitFor(cluster, vault(namespace), ready);
  expect([await grantees(first), await grantees(second)]).toEqual([[GRANTEE], [GRANTEE]]);

  reports(second, 'usable', [second]);
  await soon(async () => {
    expect((await kmsOf(namespace))?.previousKeyArns).toBeUndefined();
    expect(await grantees(first)).toEqual([]);
  });
  expect(await grantees(second)).toEqual([GRANTEE]);
  const events = await cluster.admin.list(RESOURCES.events, { namespace });
  const reasons = events.items.map((event) => (event as { reason?: string }).reason);
  expect(reasons).toEqual(expect.arrayContaining(['KeyReplaced', 'KeyRetired']));

  const { Grants = [] } = await admin.send(new ListGrantsCommand({ KeyId: second }));
  await admin.send(new RevokeGrantCommand({ KeyId: second, GrantId: Grants[0]?.GrantId }));
  reports(second, 'unavailable', [second]);
  await soon(async () => expect(await grantees(second)).toEqual([GRANTEE]));
  await admin.send(new DisableKeyCommand({ KeyId: second }));
  await waitFor(cluster, vault(namespace), { KeyBound: 'False KeyDisabled' });

  const touched = cluster.kms.calls.filter(
    ({ keyArn, principal }) =>
      principal?.includes('cofferdam-operator') && (keyArn === first || keyArn === second),
  );
  expect([...new Set(touched.map(({ operation }) => operation))].sort()).toEqual([
    'CreateGrant',
    'DescribeKey',
    'GetKeyRotationStatus',
    'ListGrants',
    'ListResourceTags',
    'RevokeGrant',
  ]);
});

test("a merchant's own key is granted without a pod being made anew, told apart when it is lost, and given up when it is free", async () => {
  const namespace = 'own-keys';
  await cluster.namespace(namespace);
  const [own, acme] = [await supply(namespace), await supply(namespace)];
  await createVault(cluster, namespace, { kms: kms(own) });
  running = cluster.startOperator({ namespace });
  await waitFor(cluster, vault(namespace), ready);
  const templateOf = async () =>
    (await cluster.admin.get(RESOURCES.deployments, { namespace, name: 'payments-vault' })).metadata
      .annotations?.[TEMPLATE_ANNOTATION];
  const fileOf = async () => {
    const access = await cluster.admin.get<KubeObject & { data?: Record<string, string> }>(
      RESOURCES.configMaps,
      { namespace, name: 'payments-access' },
    );
    return JSON.parse(access.data?.['merchant-keys.json'] ?? '');
  };
  const want = (merchantKeys: object[] | null) =>
    cluster.admin.patch(PAYMENT_VAULTS, vaultKey(namespace), {
      type: 'merge',
      body: { spec: { keys: { merchantKeys } } },
    });
  const before = await templateOf();

  reports(own, 'usable', [own]);
  await want([{ merchant: 'acme', keyArn: acme }]);
  await waitFor(cluster, vault(namespace), { MerchantKeysBound: 'True Succeeded', ...ready });
  expect(await fileOf()).toEqual({
    vaultId: namespace,
    keys: [{ merchant: 'acme', keyArn: acme, bound: true }],
  });
  expect((await kmsOf(namespace))?.merchantKeys).toEqual([
    { merchant: 'acme', keyArn: acme, state: 'Bound', grantId: expect.any(String), rotation: 'Off' },
  ]);
  expect([await grantees(acme), await templateOf()]).toEqual([[GRANTEE], before]);

  await admin.send(new DisableKeyCommand({ KeyId: acme }));
  await waitFor(cluster, vault(namespace), {
    MerchantKeysBound: 'False KeyDisabled',
    KeyBound: 'True Succeeded',
    Available: 'True Succeeded',
  });
  await soon(async () => expect((await fileOf()).keys).toMatchObject([{ bound: false }]));
  await admin.send(new EnableKeyCommand({ KeyId: acme }));
  await waitFor(cluster, vault(namespace), { MerchantKeysBound: 'True Succeeded' });

  reports(own, 'usable', [own, acme]);
  await want(null);
  await soon(async () =>
    expect((await kmsOf(namespace))?.merchantKeys).toMatchObject([{ state: 'Retiring' }]),
  );
  expect([await fileOf(), await grantees(acme)]).toEqual([{ vaultId: namespace, keys: [] }, [GRANTEE]]);
  reports(own, 'usable', [own]);
  await soon(async () => {
    expect((await kmsOf(namespace))?.merchantKeys).toBeUndefined();
    expect(await grantees(acme)).toEqual([]);
  });
  // Whoever deletes a vault whose merchant still has a key leaves no grant on it.
  await want([{ merchant: 'acme', keyArn: acme }]);
  await soon(async () => expect(await grantees(acme)).toEqual([GRANTEE]));
  await cluster.admin.delete(PAYMENT_VAULTS, vaultKey(namespace));
  await soon(async () => expect([await grantees(acme), await grantees(own)]).toEqual([[], []]));
});
