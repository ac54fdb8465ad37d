import type { PaymentVault } from '@cofferdam/crds';
import { effectiveVault } from './effective.ts';
import type { Facts } from './facts.ts';

/** The key binding as data. */
export type KeyPlan = {
  vaultId: string;
  region: string;
  endpoint?: string;
  /** A key of the user's, or one of ours with these settings. */
  key: { supplied: string } | { created: { rotationDays: number; deletionWindowDays: number } };
  /** The IAM role that gets a grant; the plan refuses one that is not on the allow-list. */
  grantee?: string;
};

export type KeyRefused = { refused: 'GranteeNotAllowed'; message: string };

/** Without the allow-list, whoever may write a PaymentVault could have any key granted to any role. */
export function keyPlan(vault: PaymentVault, facts: Facts): KeyPlan | KeyRefused {
  const { kms, vaultId } = vault.spec;
  const namespace = vault.metadata.namespace ?? '';
  const grantee = kms.granteePrincipal;
  if (grantee !== undefined && !(facts.grantees[namespace] ?? []).includes(grantee)) {
    return {
      refused: 'GranteeNotAllowed',
      message: `granteePrincipal ${grantee} is not allowed for namespace ${namespace}: have it added to the operator's allow-list of grantees`,
    };
  }
  const { keyCreation } = effectiveVault(vault, facts.images);
  return {
    vaultId,
    region: kms.region,
    ...(kms.endpoint === undefined ? {} : { endpoint: kms.endpoint }),
    key:
      kms.keyId === undefined
        ? { created: keyCreation ?? { rotationDays: 365, deletionWindowDays: 30 } }
        : { supplied: kms.keyId },
    ...(grantee === undefined ? {} : { grantee }),
  };
}

/** What came of it: bound, or why not. */
export type KeyOutcome = {
  /** Present when the key is proven to be this vault's, usable or not. */
  keyArn?: string;
  alias?: string;
  origin?: 'Created' | 'Supplied';
  grantId?: string;
  deletionDate?: string;
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
