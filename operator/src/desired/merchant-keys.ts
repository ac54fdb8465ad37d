import type { MerchantKeysFile } from '@cofferdam/contracts';
import type { MerchantKeyStatus, PaymentVault } from '@cofferdam/crds';
import { isUnanswered, type KeyOutcome, type KeyProblem } from './key.ts';

/** Beside the access file, in the same ConfigMap: both are read again when they change. */
export const MERCHANT_KEYS_FILE = 'merchant-keys.json';

/** A merchant's own KMS key, as data: what it shall be granted for. */
export type MerchantKeyPlan = {
  merchant: string;
  keyArn: string;
  /** No longer asked for: its grant stays for what is still wrapped under it. */
  retiring?: true;
  /** It was proven to be this vault's when we last looked: whoever is granted under its vaultId is our own. */
  held?: true;
  grantId?: string;
};

/** What came of it. */
export type MerchantKeyOutcome = {
  merchant: string;
  keyArn: string;
  retiring?: true;
  grantId?: string | undefined;
  rotation?: KeyOutcome['rotation'];
  deletionDate?: string | undefined;
  problem?: { reason: KeyProblem; message: string };
};

/** More than is asked for: a key stays for a while after it has left the spec. */
export const MOST_MERCHANT_KEYS = 128;

type Named = { merchant: string; keyArn: string };
const same = (one: Named) => (other: Named) => one.merchant === other.merchant && one.keyArn === other.keyArn;

/** Those of before, in the order of the status, for as long as something needs them; then those that the spec adds. */
export function merchantKeyPlans({ spec, status }: PaymentVault): MerchantKeyPlan[] {
  const wanted = spec.keys?.merchantKeys ?? [];
  const known = status?.kms?.merchantKeys ?? [];
  return [
    ...known.map((one): MerchantKeyPlan => {
      const { merchant, keyArn } = one;
      const left = wanted.some(same(one)) ? {} : { retiring: true as const };
      return { merchant, keyArn, ...left, ...memoryOf(one) };
    }),
    ...wanted.filter((one) => !known.some(same(one))),
  ].slice(0, MOST_MERCHANT_KEYS);
}

/**
 * The status with the keys in it that the spec adds: they are written down before anything is granted on them.
 * @returns undefined where nothing is new
 */
export function withNewMerchantKeys(vault: PaymentVault): MerchantKeyStatus[] | undefined {
  const known = vault.status?.kms?.merchantKeys ?? [];
  const added = merchantKeyPlans(vault).filter((one) => !known.some(same(one)));
  if (added.length === 0) return undefined;
  return [
    ...known,
    ...added.map(({ merchant, keyArn }) => ({ merchant, keyArn, state: 'NotBound' as const })),
  ];
}

/** Retiring says nothing of it: also what was never bound leaves the spec. */
function memoryOf({ state, grantId }: MerchantKeyStatus): Pick<MerchantKeyPlan, 'held' | 'grantId'> {
  return {
    ...(state === 'Bound' || grantId !== undefined ? { held: true as const } : {}),
    ...(grantId === undefined ? {} : { grantId }),
  };
}

/** Every key that a grant of this vault may be on: for its deletion. */
export function merchantKeyArns(vault: PaymentVault): string[] {
  return merchantKeyPlans(vault).map(({ keyArn }) => keyArn);
}

/**
 * Why a key cannot be a merchant's, whatever KMS says of it. Two kinds of grants on one key would take each other's
 * place, and a key that is shared destroys another's cards with the one's.
 */
export function unsuitable(
  plan: { region: string; merchantKeys?: readonly MerchantKeyPlan[]; previousKeyArns: readonly string[] },
  key: MerchantKeyPlan,
  vaultKeyArn: string | undefined,
): string | undefined {
  const { keyArn, merchant } = key;
  if (keyArn.split(':')[3] !== plan.region)
    return `it is not a key of ${plan.region}, the region of spec.kms`;
  if (keyArn === vaultKeyArn) return "it is the vault's own key: a merchant's is for this merchant alone";
  if (plan.previousKeyArns.includes(keyArn))
    return 'the vault had it before, and other data keys may be wrapped under it';
  // The merchant that has it stays with it: another's wrong entry is no reason to take it away.
  const other = plan.merchantKeys?.find(
    (one) => one.keyArn === keyArn && one.merchant !== merchant && (one.held || !key.held),
  );
  return other && `it is also that of merchant ${other.merchant}: a key is for one merchant alone`;
}

/** Bound: new data keys are wrapped under it. While KMS cannot be asked, what was proven before holds. */
function isBound({ problem }: MerchantKeyOutcome, before: MerchantKeyStatus | undefined): boolean {
  return problem === undefined || (isUnanswered({ problem }) && before?.state === 'Bound');
}

export function merchantKeyStatuses(
  outcomes: readonly MerchantKeyOutcome[],
  before: readonly MerchantKeyStatus[] = [],
): MerchantKeyStatus[] {
  return outcomes.map((outcome) => {
    const { merchant, keyArn, retiring, problem, ...facts } = outcome;
    const known = before.find(same(outcome));
    const asked = isBound(outcome, known) ? 'Bound' : 'NotBound';
    return {
      merchant,
      keyArn,
      state: retiring ? 'Retiring' : asked,
      ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)),
      ...(problem === undefined ? {} : { reason: problem.reason, message: problem.message.slice(0, 2048) }),
    };
  });
}

/** What the vault reads: by `statuses`, which KMS had a say in. One that is not in there yet is not bound. */
export function merchantKeysFile(
  { spec }: PaymentVault,
  statuses: readonly MerchantKeyStatus[],
): MerchantKeysFile {
  const keys = (spec.keys?.merchantKeys ?? []).map((one) => ({
    ...one,
    bound: statuses.find(same(one))?.state === 'Bound',
  }));
  return { vaultId: spec.vaultId, keys: keys.toSorted((a, b) => (a.merchant < b.merchant ? -1 : 1)) };
}
