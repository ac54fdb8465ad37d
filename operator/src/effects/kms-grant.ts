import {
  CreateGrantCommand,
  type GrantListEntry,
  type GrantOperation,
  ListGrantsCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import type { KmsSender } from './kms-keys.ts';
import { isKmsError } from './kms-problem.ts';

/** What a vault does with its key: data keys and their unwrapping, and re-wrapping when the key changes. */
const OPERATIONS: GrantOperation[] = [
  'Decrypt',
  'DescribeKey',
  'GenerateDataKey',
  'ReEncryptFrom',
  'ReEncryptTo',
];

type Wanted = {
  keyArn: string;
  vaultId: string;
  grantee: string;
  /** This resource has never had the key: a grant that it left behind cannot be. */
  isFirst: boolean;
};

/**
 * Somebody else has the key under this vaultId: most likely another cluster. Both would take back each other's grant
 * for ever, and share what must not be shared.
 */
export class HeldElsewhereError extends Error {
  override readonly name = 'HeldElsewhereError';
  constructor({ keyArn, vaultId }: Wanted, { GrantId, GranteePrincipal }: GrantListEntry) {
    super(
      `key ${keyArn} is granted to ${GranteePrincipal} under vaultId ${vaultId} already, and not by this resource: another cluster seems to use it. Choose another vaultId; or, when that one is gone for good, take its grant back: aws kms revoke-grant --key-id ${keyArn} --grant-id ${GrantId}`,
    );
  }
}

/**
 * KMS answers the same grant to the same named request, but counts it against a limit: so we look first.
 * @returns `made` when there was no grant of ours at all, for anybody
 */
export async function ensureGrant(
  client: KmsSender,
  wanted: Wanted,
): Promise<{ grantId: string | undefined; made: boolean }> {
  const named = (await listGrants(client, wanted.keyArn)).filter(
    ({ Name }) => Name === nameOf(wanted.vaultId),
  );
  const foreign = named.find(({ GranteePrincipal }) => GranteePrincipal !== wanted.grantee);
  if (wanted.isFirst && foreign !== undefined) throw new HeldElsewhereError(wanted, foreign);
  const fitting = named.find((grant) => fits(grant, wanted));
  const grantId = fitting?.GrantId ?? (await createGrant(client, wanted));
  // After the new one is there: a change of role must not leave a gap.
  for (const stale of named) {
    if (stale !== fitting) await revoke(client, wanted.keyArn, stale);
  }
  return { grantId, made: named.length === 0 };
}

async function createGrant(client: KmsSender, wanted: Wanted): Promise<string | undefined> {
  const { GrantId } = await client.send(
    new CreateGrantCommand({
      KeyId: wanted.keyArn,
      GranteePrincipal: wanted.grantee,
      Operations: OPERATIONS,
      Constraints: { EncryptionContextSubset: { vaultId: wanted.vaultId } },
      Name: nameOf(wanted.vaultId),
    }),
  );
  return GrantId;
}

/** Whether another role has the key under this vaultId: one that never had it has nothing to take back. */
export async function isHeldElsewhere(
  client: KmsSender,
  { keyArn, vaultId, grantee }: { keyArn: string; vaultId: string; grantee?: string | undefined },
): Promise<boolean> {
  return (await listGrants(client, keyArn)).some(
    ({ Name, GranteePrincipal }) => Name === nameOf(vaultId) && GranteePrincipal !== grantee,
  );
}

/** Takes back what we granted, and nothing that others did. */
export async function revokeGrants(client: KmsSender, keyArn: string, vaultId: string): Promise<void> {
  for (const grant of await listGrants(client, keyArn)) {
    if (grant.Name === nameOf(vaultId)) await revoke(client, keyArn, grant);
  }
}

async function revoke(client: KmsSender, keyArn: string, { GrantId }: GrantListEntry): Promise<void> {
  if (GrantId === undefined) return;
  try {
    await client.send(new RevokeGrantCommand({ KeyId: keyArn, GrantId }));
  } catch (error) {
    // KMS may go on listing for a while what is revoked already.
    if (!isKmsError(error, 'NotFoundException')) throw error;
  }
}

export async function listGrants(client: KmsSender, keyArn: string): Promise<GrantListEntry[]> {
  const grants: GrantListEntry[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListGrantsCommand({ KeyId: keyArn, ...(Marker === undefined ? {} : { Marker }) }),
    );
    grants.push(...(page.Grants ?? []));
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined);
  return grants;
}

function nameOf(vaultId: string): string {
  return `cofferdam-${vaultId}`;
}

function fits(grant: GrantListEntry, wanted: Wanted): boolean {
  const subset = grant.Constraints?.EncryptionContextSubset ?? {};
  return (
    grant.GranteePrincipal === wanted.grantee &&
    [...(grant.Operations ?? [])].sort().join() === OPERATIONS.join() &&
    Object.keys(subset).length === 1 &&
    subset['vaultId'] === wanted.vaultId
  );
}
