import type { PaymentVault } from '@cofferdam/crds';
import { effectiveVault } from './effective.ts';
import type { Facts } from './facts.ts';
import {
  type MerchantKeyOutcome,
  type MerchantKeyPlan,
  merchantKeyArns,
  merchantKeyPlans,
} from './merchant-keys.ts';

/** Which key is meant, and where it is. */
export type KeyReference = {
  vaultId: string;
  region: string;
  endpoint?: string;
  /** A key of the user's, or one of ours with these settings. */
  key: { supplied: string } | { created: { rotationDays: number; deletionWindowDays: number } };
  /** Keys that the vault had before, and whose grant it still needs. */
  previousKeyArns: readonly string[];
  /** Keys of merchants' own, in use or of before. Absent: none. */
  merchantKeyArns?: readonly string[];
  /** The IAM role that gets a grant; the plan refuses one that is not on the allow-list. */
  grantee?: string;
  /** In the names of grants that we make for vaults of this namespace: nobody else's have it. */
  grantMark?: string;
  /** This resource has had a key bound: what is granted under its vaultId is its own. */
  held?: true;
};

/** The key binding as data. */
export type KeyPlan = KeyReference & {
  /** What was bound when we last looked: a created key that has gone since must not be replaced in silence. */
  bound?: { keyArn: string; origin?: 'Created' | 'Supplied' | undefined; granted: boolean };
  /** Absent: none. */
  merchantKeys?: readonly MerchantKeyPlan[];
  /** Pods of an earlier role still run: until they are gone their grants stay beside the new one. */
  rolesOfBefore?: true;
};

export type KeyRefused = { refused: 'GranteeNotAllowed'; message: string };

export function keyPlan(vault: PaymentVault, facts: Facts): KeyPlan | KeyRefused {
  const grantee = vault.spec.kms.granteePrincipal;
  if (!mayBeGranted(vault, facts)) {
    const { namespace } = vault.metadata;
    return {
      refused: 'GranteeNotAllowed',
      message: `granteePrincipal ${grantee} is not allowed for namespace ${namespace}: have it added to the operator's allow-list of grantees`,
    };
  }
  const { keyArn, origin, grantId } = vault.status?.kms ?? {};
  const merchantKeys = merchantKeyPlans(vault);
  const { merchantKeyArns: _, ...reference } = keyReference(vault, facts);
  return {
    ...reference,
    ...(merchantKeys.length === 0 ? {} : { merchantKeys }),
    ...(keyArn === undefined ? {} : { bound: { keyArn, origin, granted: grantId !== undefined } }),
  };
}

/** Without the allow-list, whoever may write a PaymentVault could have any key granted to any role. */
export function mayBeGranted(vault: PaymentVault, facts: Facts): boolean {
  const grantee = vault.spec.kms.granteePrincipal;
  return grantee === undefined || (facts.grantees[vault.metadata.namespace ?? ''] ?? []).includes(grantee);
}

/** All that a release needs: a role that has left the allow-list must not keep its grant for it. */
export function keyReference(vault: PaymentVault, facts: Facts): KeyReference {
  const { kms, vaultId } = vault.spec;
  const { installation } = facts;
  const { keyArn, previousKeyArns = [] } = vault.status?.kms ?? {};
  const { keyCreation } = effectiveVault(vault, facts.images);
  const ofMerchants = merchantKeyArns(vault);
  return {
    vaultId,
    region: kms.region,
    ...(kms.endpoint === undefined ? {} : { endpoint: kms.endpoint }),
    key:
      kms.keyId === undefined
        ? { created: keyCreation ?? { rotationDays: 365, deletionWindowDays: 30 } }
        : { supplied: kms.keyId },
    previousKeyArns,
    ...(ofMerchants.length === 0 ? {} : { merchantKeyArns: ofMerchants }),
    ...(kms.granteePrincipal === undefined ? {} : { grantee: kms.granteePrincipal }),
    ...(installation === undefined ? {} : { grantMark: `${installation}/${vault.metadata.namespace}` }),
    ...(keyArn === undefined ? {} : { held: true }),
  };
}

/** What came of it: bound, or why not. */
export type KeyOutcome = {
  /** Present when the key is proven to be this vault's, usable or not. */
  keyArn?: string | undefined;
  alias?: string | undefined;
  origin?: 'Created' | 'Supplied' | undefined;
  grantId?: string | undefined;
  deletionDate?: string | undefined;
  rotation?: 'On' | 'Off' | 'Unsupported' | 'Unknown' | undefined;
  previousKeyArns?: readonly string[] | undefined;
  /** Absent: nothing was learnt about them. */
  merchantKeys?: readonly MerchantKeyOutcome[] | undefined;
  /** What was found undone and done again; for an event. */
  repaired?: readonly KeyRepair[];
  problem?: { reason: KeyProblem; message: string };
};

export type KeyRepair = { reason: 'GrantMissing' | 'KeyRotationOff' | 'KeyAliasMissing'; message: string };

export type KeyProblem =
  | 'KeyNotFound'
  | 'KeyDisabled'
  | 'KeyPendingDeletion'
  | 'KeyNotOurs'
  | 'KeyHeldElsewhere'
  | 'KeyUnsuitable'
  | 'GranteeNotAllowed'
  | 'KmsAccessDenied'
  | 'KmsThrottled'
  | 'KmsUnreachable';

/** Nothing was learnt about the key: what was proven before still holds. */
export function isUnanswered(outcome: KeyOutcome): boolean {
  const { reason } = outcome.problem ?? {};
  return reason === 'KmsUnreachable' || reason === 'KmsThrottled' || reason === 'KmsAccessDenied';
}

type KmsStatus = NonNullable<NonNullable<PaymentVault['status']>['kms']>;

/**
 * The keys that the vault must go on being able to use: those it had before this one. A key joins when the binding
 * moves to another, which is written down before any pod is told, and leaves in {@link retirable}.
 */
export function previousKeys(status: KmsStatus | undefined, keyArn: string | undefined): string[] {
  const before = status?.previousKeyArns ?? [];
  if (keyArn === undefined) return [...before];
  const left = status?.keyArn === undefined || status.keyArn === keyArn ? [] : [status.keyArn];
  return [...new Set([...before, ...left])].filter((arn) => arn !== keyArn);
}

/**
 * Of those, and of merchants' keys of before, the ones that nothing needs: every pod is of the version that has the new
 * key, and the vault says which keys its data keys are wrapped under, and it is none of these.
 */
export function retirable(
  key: KeyOutcome,
  seen: {
    rolledOut: boolean;
    reported: { keyArn: string; inUse?: readonly string[] | undefined } | undefined;
    rekey: { finished: boolean } | undefined;
  },
): string[] {
  const { rolledOut, reported, rekey } = seen;
  if (!rolledOut || reported?.inUse === undefined || reported.keyArn !== key.keyArn) return [];
  if (rekey?.finished === false) return [];
  const { inUse } = reported;
  // One that became the vault's own meanwhile goes on with the vault's grant.
  const ofMerchants = (key.merchantKeys ?? [])
    .filter(({ retiring, keyArn }) => retiring && keyArn !== key.keyArn)
    .map(({ keyArn: arn }) => arn);
  return [...(key.previousKeyArns ?? []), ...ofMerchants].filter((arn) => !inUse.includes(arn));
}
