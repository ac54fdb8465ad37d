import {
  CreateGrantCommand,
  type GrantListEntry,
  type GrantOperation,
  ListGrantsCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import type { KmsSender } from './kms-aws.ts';

/** What a vault does with its key: data keys and their unwrapping, and re-wrapping when the key changes. */
const OPERATIONS: GrantOperation[] = [
  'Decrypt',
  'DescribeKey',
  'GenerateDataKey',
  'ReEncryptFrom',
  'ReEncryptTo',
];

type Wanted = { keyArn: string; vaultId: string; grantee: string };

/** KMS answers the same grant to the same named request, but counts it against a limit: so we look first. */
export async function ensureGrant(client: KmsSender, wanted: Wanted): Promise<string | undefined> {
  const named = (await listGrants(client, wanted.keyArn)).filter(
    ({ Name }) => Name === nameOf(wanted.vaultId),
  );
  const fitting = named.find((grant) => fits(grant, wanted));
  const grantId =
    fitting?.GrantId ??
    (
      await client.send(
        new CreateGrantCommand({
          KeyId: wanted.keyArn,
          GranteePrincipal: wanted.grantee,
          Operations: OPERATIONS,
          Constraints: { EncryptionContextSubset: { vaultId: wanted.vaultId } },
          Name: nameOf(wanted.vaultId),
        }),
      )
    ).GrantId;
  // After the new one is there: a change of role must not leave a gap.
  for (const stale of named) {
    if (stale !== fitting && stale.GrantId !== undefined) {
      await client.send(new RevokeGrantCommand({ KeyId: wanted.keyArn, GrantId: stale.GrantId }));
    }
  }
  return grantId;
}

/** Takes back what we granted, and nothing that others did. */
export async function revokeGrants(client: KmsSender, keyArn: string, vaultId: string): Promise<void> {
  for (const { Name, GrantId } of await listGrants(client, keyArn)) {
    if (Name !== nameOf(vaultId) || GrantId === undefined) continue;
    await client.send(new RevokeGrantCommand({ KeyId: keyArn, GrantId }));
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
