import { isDeepStrictEqual } from 'node:util';
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
  /** Of a merchant's own key: it is granted for this merchant's data keys alone. */
  merchant?: string;
  grantee: string;
  grantMark: string | undefined;
  /** This resource has never had the key: of its grants only one that bears our mark can be there. */
  isFirst: boolean;
  /** Grants to other roles stay: pods that have them still run. */
  keepOthers: boolean;
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
  const named = (await listGrants(client, wanted.keyArn)).filter((grant) => isFor(grant, wanted.vaultId));
  const foreign = named.find((grant) => isForeign(grant, wanted));
  if (wanted.isFirst && foreign !== undefined) throw new HeldElsewhereError(wanted, foreign);
  const fitting = named.find((grant) => fits(grant, wanted));
  const grantId = fitting?.GrantId ?? (await createGrant(client, wanted));
  // After the new one is there: a change of role must not leave a gap.
  for (const stale of named) {
    if (stale === fitting || (wanted.keepOthers && stale.GranteePrincipal !== wanted.grantee)) continue;
    await revoke(client, wanted.keyArn, stale);
  }
  return { grantId, made: named.length === 0 };
}

async function createGrant(client: KmsSender, wanted: Wanted): Promise<string | undefined> {
  const { GrantId } = await client.send(
    new CreateGrantCommand({
      KeyId: wanted.keyArn,
      GranteePrincipal: wanted.grantee,
      Operations: OPERATIONS,
      Constraints: { EncryptionContextSubset: contextOf(wanted) },
      Name: nameOf(wanted),
    }),
  );
  return GrantId;
}

/** Whether another role has the key under this vaultId: one that never had it has nothing to take back. */
export async function isHeldElsewhere(
  client: KmsSender,
  held: { keyArn: string; vaultId: string; grantee?: string | undefined; grantMark?: string | undefined },
): Promise<boolean> {
  const grants = await listGrants(client, held.keyArn);
  return grants.some((grant) => isFor(grant, held.vaultId) && isForeign(grant, held));
}

/** Takes back what we granted, and nothing that others did. */
export async function revokeGrants(client: KmsSender, keyArn: string, vaultId: string): Promise<void> {
  for (const grant of await listGrants(client, keyArn)) {
    if (isFor(grant, vaultId)) await revoke(client, keyArn, grant);
  }
}

/** Of a key that another cluster may have under this vaultId: what our role has, or bears our mark. */
export async function revokeOwn(
  client: KmsSender,
  keyArn: string,
  ours: Named & { grantee?: string | undefined },
): Promise<void> {
  for (const grant of await listGrants(client, keyArn)) {
    if (isFor(grant, ours.vaultId) && !isForeign(grant, ours)) await revoke(client, keyArn, grant);
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

type Named = { vaultId: string; grantMark?: string | undefined };

/** The name says for which vault, and who made it; grants of earlier releases say only the former. */
function nameOf({ vaultId, grantMark }: Named): string {
  return grantMark === undefined ? `cofferdam-${vaultId}` : `cofferdam-${vaultId}/${grantMark}`;
}

function isFor({ Name = '' }: GrantListEntry, vaultId: string): boolean {
  return Name === nameOf({ vaultId }) || Name.startsWith(`${nameOf({ vaultId })}/`);
}

/** Another role's, and not one that we gave it ourselves: as after a forced deletion in the middle of a change of role. */
function isForeign(
  { Name, GranteePrincipal }: GrantListEntry,
  ours: Named & { grantee?: string | undefined },
): boolean {
  if (GranteePrincipal === ours.grantee) return false;
  return ours.grantMark === undefined || Name !== nameOf(ours);
}

/** What data keys that are wrapped by it have to name. */
function contextOf({ vaultId, merchant }: Wanted): Record<string, string> {
  return { vaultId, ...(merchant === undefined ? {} : { merchant }) };
}

function fits(grant: GrantListEntry, wanted: Wanted): boolean {
  return (
    grant.GranteePrincipal === wanted.grantee &&
    [...(grant.Operations ?? [])].sort().join() === OPERATIONS.join() &&
    isDeepStrictEqual(grant.Constraints?.EncryptionContextSubset, contextOf(wanted))
  );
}
