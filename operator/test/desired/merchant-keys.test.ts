import { MerchantKeysFile } from '@cofferdam/contracts';
import type { MerchantKeyStatus, PaymentVaultStatus } from '@cofferdam/crds';
import { expect, test } from 'vitest';
import { keyPlan, keyReference, retirable } from '../../src/desired/key.ts';
import {
  merchantKeyPlans,
  merchantKeyStatuses,
  unsuitable,
  withNewMerchantKeys,
} from '../../src/desired/merchant-keys.ts';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { facts, paymentVault } from '../fixtures.ts';

const arn = (id: string, region = 'eu-central-1') => `arn:aws:kms:${region}:000000000000:key/${id}`;
const vaultWith = (
  merchantKeys: { merchant: string; keyArn: string }[],
  kms?: PaymentVaultStatus['kms'],
) => ({
  ...paymentVault({ keys: { merchantKeys } }),
  ...(kms === undefined ? {} : { status: { kms } }),
});
const bound = (merchant: string, id: string): MerchantKeyStatus => ({
  merchant,
  keyArn: arn(id),
  state: 'Bound',
  grantId: `grant-${id}`,
});

test('a key that the spec adds is written down first; one that it drops stays until nothing needs it', () => {
  const vault = vaultWith([{ merchant: 'acme', keyArn: arn('new') }], {
    merchantKeys: [bound('acme', 'old'), bound('globex', 'g')],
  });
  expect(withNewMerchantKeys(vault)).toEqual([
    bound('acme', 'old'),
    bound('globex', 'g'),
    { merchant: 'acme', keyArn: arn('new'), state: 'NotBound' },
  ]);
  expect(merchantKeyPlans(vault)).toEqual([
    { merchant: 'acme', keyArn: arn('old'), retiring: true, held: true, grantId: 'grant-old' },
    { merchant: 'globex', keyArn: arn('g'), retiring: true, held: true, grantId: 'grant-g' },
    { merchant: 'acme', keyArn: arn('new') },
  ]);
  expect(keyPlan(vault, facts)).toMatchObject({ merchantKeys: merchantKeyPlans(vault) });
  // A deletion takes back the grants on all of them.
  expect(keyReference(vault, facts).merchantKeyArns).toEqual([arn('old'), arn('g'), arn('new')]);
  expect(withNewMerchantKeys(vaultWith([], { merchantKeys: [bound('acme', 'old')] }))).toBeUndefined();
});

test('a key that was never bound is not held by leaving the spec: another may have it', () => {
  const never = { merchant: 'acme', keyArn: arn('theirs'), reason: 'KeyHeldElsewhere' };
  for (const state of ['NotBound', 'Retiring'] as const) {
    const vault = vaultWith([], { merchantKeys: [{ ...never, state }] });
    expect(merchantKeyPlans(vault)).toEqual([{ merchant: 'acme', keyArn: arn('theirs'), retiring: true }]);
  }
});

test('a key is retired when the vault says that nothing is wrapped under it, and one in use never', () => {
  const key = {
    keyArn: 'own',
    merchantKeys: [
      { merchant: 'acme', keyArn: arn('old'), retiring: true as const },
      { merchant: 'globex', keyArn: arn('g') },
    ],
  };
  const seen = (inUse: string[]) => ({
    rolledOut: true,
    reported: { keyArn: 'own', inUse },
    rekey: undefined,
  });
  expect(retirable(key, seen(['own', arn('old')]))).toEqual([]);
  expect(retirable(key, seen(['own']))).toEqual([arn('old')]);
  // Named in spec.kms meanwhile, and nothing is wrapped under it yet: the vault needs its grant.
  const own = { ...key, keyArn: arn('old') };
  expect(
    retirable(own, { ...seen(['before']), reported: { keyArn: arn('old'), inUse: ['before'] } }),
  ).toEqual([]);
});

test('a key that is shared, of another region, or the vault’s own is no key of a merchant’s', () => {
  const merchantKeys = [
    { merchant: 'acme', keyArn: arn('a') },
    { merchant: 'globex', keyArn: arn('a') },
    { merchant: 'far', keyArn: arn('f', 'us-east-1') },
    { merchant: 'own', keyArn: arn('vault') },
    { merchant: 'past', keyArn: arn('before') },
    { merchant: 'fine', keyArn: arn('fine') },
  ];
  const plan = { region: 'eu-central-1', merchantKeys, previousKeyArns: [arn('before')] };
  const said = merchantKeys.map((key) => unsuitable(plan, key, arn('vault')));
  expect(said).toEqual([
    expect.stringContaining('also that of merchant globex'),
    expect.stringContaining('also that of merchant acme'),
    expect.stringContaining('not a key of eu-central-1'),
    expect.stringContaining("the vault's own key"),
    expect.stringContaining('the vault had it before'),
    undefined,
  ]);
  const acme = { merchant: 'acme', keyArn: arn('a'), held: true as const };
  const later = { ...plan, merchantKeys: [acme, { merchant: 'globex', keyArn: arn('a') }] };
  expect(later.merchantKeys.map((key) => unsuitable(later, key, arn('vault')))).toEqual([
    undefined,
    expect.stringContaining('also that of merchant acme'),
  ]);
});

test('bound is what KMS let us have; an outage takes nothing back, and proves nothing new', () => {
  const away = { reason: 'KmsUnreachable', message: 'away' } as const;
  const disabled = { reason: 'KeyDisabled', message: 'disabled' } as const;
  const outcomes = [
    { merchant: 'fine', keyArn: arn('1'), grantId: 'g1', rotation: 'On' as const },
    { merchant: 'away', keyArn: arn('2'), grantId: 'g2', problem: away },
    { merchant: 'new', keyArn: arn('3'), problem: away },
    { merchant: 'lost', keyArn: arn('4'), grantId: 'g4', problem: disabled },
    { merchant: 'left', keyArn: arn('5'), retiring: true as const },
  ];
  const before = [bound('away', '2'), bound('lost', '4')];
  expect(merchantKeyStatuses(outcomes, before)).toEqual([
    { merchant: 'fine', keyArn: arn('1'), state: 'Bound', grantId: 'g1', rotation: 'On' },
    { merchant: 'away', keyArn: arn('2'), state: 'Bound', grantId: 'g2', ...away },
    { merchant: 'new', keyArn: arn('3'), state: 'NotBound', ...away },
    { merchant: 'lost', keyArn: arn('4'), state: 'NotBound', grantId: 'g4', ...disabled },
    { merchant: 'left', keyArn: arn('5'), state: 'Retiring' },
  ]);
});

test('the vault reads the keys from a mounted file, and no pod is restarted for one', () => {
  const migrations = planPaymentVault(
    paymentVault(),
    { connectors: [], completedJobs: new Set() },
    facts,
  ).migrations;
  const planned = (names: string[], merchantKeys: MerchantKeyStatus[]) =>
    planPaymentVault(
      vaultWith(names.map((merchant) => ({ merchant, keyArn: arn(merchant) }))),
      { connectors: [], completedJobs: new Set(Object.values(migrations)), keyArn: 'own', merchantKeys },
      facts,
    ).manifests;
  const fileOf = (manifests: ReturnType<typeof planned>) => {
    const found = manifests.flatMap(({ object }) =>
      object.metadata.name === 'payments-access'
        ? [object as unknown as { data: Record<string, string> }]
        : [],
    );
    return MerchantKeysFile.parse(JSON.parse(found[0]?.data['merchant-keys.json'] ?? ''));
  };
  const deployments = (manifests: ReturnType<typeof planned>) =>
    manifests.filter(({ resource }) => resource.kind === 'Deployment');
  const [none, two] = [planned([], []), planned(['globex', 'acme'], [bound('globex', 'globex')])];
  expect(fileOf(none)).toEqual({ vaultId: 'acme-dev', keys: [] });
  expect(fileOf(two).keys).toEqual([
    { merchant: 'acme', keyArn: arn('acme'), bound: false },
    { merchant: 'globex', keyArn: arn('globex'), bound: true },
  ]);
  expect(deployments(two)).toEqual(deployments(none));
});
