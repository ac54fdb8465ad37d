import { CreateAliasCommand } from '@aws-sdk/client-kms';
import type { KeyIndex } from './key-index.ts';
import { listGrants } from './kms-grant.ts';
import {
  CLAIM_TAG,
  createKey,
  describeKey,
  everyKeyArn,
  isCreatedFor,
  type Key,
  type KmsSender,
  markHeld,
  scheduleDeletion,
  tagsIfAllowed,
  tagsOf,
  VAULT_ID_TAG,
} from './kms-keys.ts';
import { isKmsError } from './kms-problem.ts';

/*
 * How a created key becomes a vault's:
 *
 *     CreateKey (tags: vault-id, created-by, claim=pending) -> CreateAlias -> TagResource claim=held -> grant, use
 *
 * The alias is the claim: KMS gives a name once. A stop between any two calls leaves a key that is found by its tags
 * and goes on from where it is. A key that still says `pending` while another has the alias lost the claim and was
 * never used: it, and nothing else, is scheduled for deletion.
 */

export function aliasOf(vaultId: string): string {
  return `alias/cofferdam-${vaultId}`;
}

/** Before KMS destroys a key that was never used: as long as can be, since it costs nothing. */
const WINDOW_DAYS = 30;
/** A younger pending key may be another process's, between two of its calls. */
const SETTLED_MS = 3_600_000;

/** Must come before anything that could use the key. */
export async function holdKey(client: KmsSender, key: Key, claimed: string | undefined): Promise<void> {
  if (claimed === 'pending') await markHeld(client, key.Arn);
}

/** Gives a key that is known to be the vault's its alias back. */
export async function restoreAlias(client: KmsSender, vaultId: string, keyArn: string): Promise<void> {
  try {
    await client.send(new CreateAliasCommand({ AliasName: aliasOf(vaultId), TargetKeyId: keyArn }));
  } catch (error) {
    if (!isKmsError(error, 'AlreadyExistsException')) throw error;
  }
}

/** Gives the vault's alias, which is missing, to a key that is found again, or to a new one. */
export async function claimKey(client: KmsSender, vaultId: string, index: KeyIndex): Promise<Key> {
  const alias = aliasOf(vaultId);
  const candidates = await findUnclaimed(client, vaultId, index);
  const key = candidates[0]?.key ?? (await makeKey(client, vaultId, index));
  try {
    await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: key.Arn }));
  } catch (error) {
    if (!isKmsError(error, 'AlreadyExistsException')) throw error;
  }
  const winner = await describeKey(client, alias);
  // KMS may be slow to show an alias. Nothing may be used before we know whose it is.
  if (winner === undefined) throw new Error(`${alias} is set and not shown yet`);
  for (const loser of [key, ...candidates.map((one) => one.key)]) {
    if (loser.Arn !== winner.Arn) await dropUnused(client, vaultId, loser.Arn);
  }
  return winner;
}

async function makeKey(client: KmsSender, vaultId: string, index: KeyIndex): Promise<Key> {
  try {
    const key = await createKey(client, vaultId);
    index.note(vaultId, key.Arn);
    return key;
  } catch (error) {
    // It may be there all the same.
    index.spoil();
    throw error;
  }
}

type Candidate = { key: Key; pending: boolean; granted: boolean };

/**
 * Keys of ours for this vault, the likeliest first: one that may have been used before one that never was, one with
 * a grant before one without, then the oldest. They are claimed rather than deleted: an alias may also have been
 * removed by hand from a key full of cards.
 */
async function findUnclaimed(client: KmsSender, vaultId: string, index: KeyIndex): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const keyArn of await index.of(vaultId)) {
    const key = await describeKey(client, keyArn);
    if (key?.KeyState !== 'Enabled' && key?.KeyState !== 'Disabled') continue;
    const tags = await tagsOf(client, keyArn);
    if (!isCreatedFor(tags, vaultId)) continue;
    const granted = (await listGrants(client, keyArn)).length > 0;
    found.push({ key, granted, pending: tags.get(CLAIM_TAG) === 'pending' });
  }
  const age = ({ key }: Candidate) => key.CreationDate?.getTime() ?? 0;
  return found.sort(
    (a, b) =>
      Number(a.pending) - Number(b.pending) || Number(b.granted) - Number(a.granted) || age(a) - age(b),
  );
}

/**
 * Schedules the deletion of a key that is proven never to have been used: ours by its tags, still `pending`, and
 * without a grant.
 * @returns whether it did
 */
export async function dropUnused(client: KmsSender, vaultId: string, keyArn: string): Promise<boolean> {
  const tags = await tagsOf(client, keyArn);
  if (!isCreatedFor(tags, vaultId) || tags.get(CLAIM_TAG) !== 'pending') return false;
  if ((await listGrants(client, keyArn)).length > 0) return false;
  await scheduleDeletion(client, keyArn, WINDOW_DAYS);
  return true;
}

/** The vault is going and has no alias: nobody will ever come for a key that was made for it and not claimed. */
export async function dropUnclaimed(client: KmsSender, vaultId: string, index: KeyIndex): Promise<void> {
  for (const { key } of await findUnclaimed(client, vaultId, index)) {
    await dropUnused(client, vaultId, key.Arn);
  }
}

/**
 * Looks through all keys for those that lost their claim and were left: by a stop in the middle, or because KMS was
 * slow to list them. What it reads is told to the index, which reads the tags of a key but once.
 * @returns the ARNs that were scheduled for deletion
 */
export async function sweepUnused(
  client: KmsSender,
  options: { vaultIds: ReadonlySet<string>; nowMs: number; index: KeyIndex },
): Promise<string[]> {
  const dropped: string[] = [];
  for await (const keyArn of everyKeyArn(client)) {
    const tags = await tagsIfAllowed(client, keyArn);
    options.index.saw(keyArn, tags);
    const vaultId = tags.get(VAULT_ID_TAG) ?? '';
    if (!options.vaultIds.has(vaultId) || !isCreatedFor(tags, vaultId)) continue;
    if (tags.get(CLAIM_TAG) !== 'pending') continue;
    const key = await describeKey(client, keyArn);
    if (key?.KeyState !== 'Enabled' && key?.KeyState !== 'Disabled') continue;
    if (options.nowMs - (key.CreationDate?.getTime() ?? options.nowMs) < SETTLED_MS) continue;
    const holder = await describeKey(client, aliasOf(vaultId));
    if (holder === undefined || holder.Arn === keyArn) continue;
    if (await dropUnused(client, vaultId, keyArn)) dropped.push(keyArn);
  }
  return dropped;
}
