import type { PaymentVault } from '@cofferdam/crds';
import { effectiveVault } from './effective.ts';
import type { Facts } from './facts.ts';

/** Which key is meant, and where it is. */
export type KeyReference = {
  vaultId: string;
  region: string;
  endpoint?: string;
  /** A key of the user's, or one of ours with these settings. */
  key: { supplied: string } | { created: { rotationDays: number; deletionWindowDays: number } };
};

/** The key binding as data. */
export type KeyPlan = KeyReference & {
  /** The IAM role that gets a grant; the plan refuses one that is not on the allow-list. */
  grantee?: string;
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
  return { ...keyReference(vault, facts), ...(grantee === undefined ? {} : { grantee }) };
}

/** Without the allow-list, whoever may write a PaymentVault could have any key granted to any role. */
export function mayBeGranted(vault: PaymentVault, facts: Facts): boolean {
  const grantee = vault.spec.kms.granteePrincipal;
  return grantee === undefined || (facts.grantees[vault.metadata.namespace ?? ''] ?? []).includes(grantee);
}

/** All that a release needs: a role that has left the allow-list must not keep its grant for it. */
export function keyReference(vault: PaymentVault, facts: Facts): KeyReference {
  const { kms, vaultId } = vault.spec;
  const { keyCreation } = effectiveVault(vault, facts.images);
  return {
    vaultId,
    region: kms.region,
    ...(kms.endpoint === undefined ? {} : { endpoint: kms.endpoint }),
    key:
      kms.keyId === undefined
        ? { created: keyCreation ?? { rotationDays: 365, deletionWindowDays: 30 } }
        : { supplied: kms.keyId },
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
  problem?: {
    reason:
      | 'KeyNotFound'
      | 'KeyDisabled'
      | 'KeyPendingDeletion'
      | 'KeyNotOurs'
      | 'KeyUnsuitable'
      | 'GranteeNotAllowed'
      | 'KmsAccessDenied'
      | 'KmsUnreachable';
    message: string;
  };
};
