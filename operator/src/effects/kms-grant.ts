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

type Wanted = { keyArn: string; vaultId: string; grantee: string };

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
