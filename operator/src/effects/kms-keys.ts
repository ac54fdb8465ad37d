import {
  CreateKeyCommand,
  DescribeKeyCommand,
  type KeyMetadata,
  type KMSClient,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import { isKmsError } from './kms-problem.ts';

/** Names the one vault that may use a key; on a supplied key the user's own proof that it is meant for it. */
export const VAULT_ID_TAG = 'payments.cofferdam.dev/vault-id';
/** On keys that we made: only these are ever scheduled for deletion. */
export const CREATED_TAG = 'payments.cofferdam.dev/created-by';
export const CREATED_BY = 'cofferdam-operator';
/**
 * How far a key of ours has come. `pending` is set by CreateKey itself and replaced by `held` before the key is
 * granted or named to anybody: a key that says `pending` has never been used. Without the tag nothing is known.
 */
export const CLAIM_TAG = 'payments.cofferdam.dev/claim';
export type Claim = 'pending' | 'held';

/** What we use of the SDK's client; a test may stand in between. */
export type KmsSender = Pick<KMSClient, 'send'>;

export type Key = KeyMetadata & { Arn: string };
export type Tags = ReadonlyMap<string, string>;

export async function describeKey(client: KmsSender, keyId: string): Promise<Key | undefined> {
  try {
    return arned((await client.send(new DescribeKeyCommand({ KeyId: keyId }))).KeyMetadata);
  } catch (error) {
    // The latter two: no such key can be, because its name is malformed.
    if (isKmsError(error, 'NotFoundException', 'InvalidArnException', 'ValidationException'))
      return undefined;
    throw error;
  }
}

export async function tagsOf(client: KmsSender, keyArn: string): Promise<Tags> {
  const tags = new Map<string, string>();
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListResourceTagsCommand({ KeyId: keyArn, ...(Marker === undefined ? {} : { Marker }) }),
    );
    for (const { TagKey, TagValue } of page.Tags ?? []) tags.set(TagKey ?? '', TagValue ?? '');
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined);
  return tags;
}

/** Made by an operator of ours for this vault. */
export function isCreatedFor(tags: Tags, vaultId: string): boolean {
  return tags.get(VAULT_ID_TAG) === vaultId && tags.get(CREATED_TAG) === CREATED_BY;
}

export async function createKey(client: KmsSender, vaultId: string): Promise<Key> {
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({
      Description: `Cofferdam vault ${vaultId}: wraps its data keys`,
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      Tags: [
        { TagKey: VAULT_ID_TAG, TagValue: vaultId },
        { TagKey: CREATED_TAG, TagValue: CREATED_BY },
        { TagKey: CLAIM_TAG, TagValue: 'pending' satisfies Claim },
      ],
    }),
  );
  return arned(KeyMetadata);
}

export async function markHeld(client: KmsSender, keyArn: string): Promise<void> {
  const Tags = [{ TagKey: CLAIM_TAG, TagValue: 'held' satisfies Claim }];
  await client.send(new TagResourceCommand({ KeyId: keyArn, Tags }));
}

/** A key that is gone or on its way there already is as asked. */
export async function scheduleDeletion(client: KmsSender, keyArn: string, days: number): Promise<void> {
  try {
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyArn, PendingWindowInDays: days }));
  } catch (error) {
    if (!isKmsError(error, 'KMSInvalidStateException', 'NotFoundException')) throw error;
  }
}

/** AWS allows 100,000 in an account and region. What lists more is no KMS, and may never end. */
export const MOST_KEYS = 200_000;

/** The ARN of every key of the account and region. One call for a thousand. */
export async function* everyKeyArn(client: KmsSender): AsyncGenerator<string> {
  let Marker: string | undefined;
  let listed = 0;
  do {
    const page = await client.send(
      new ListKeysCommand({ Limit: 1000, ...(Marker === undefined ? {} : { Marker }) }),
    );
    listed += 1 + (page.Keys?.length ?? 0);
    if (listed > MOST_KEYS) throw new Error(`KMS lists more than ${MOST_KEYS} keys`);
    for (const { KeyArn } of page.Keys ?? []) if (KeyArn !== undefined) yield KeyArn;
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined);
}

/** None for other people's keys, which need not let us look at them and may go while we do. */
export async function tagsIfAllowed(client: KmsSender, keyArn: string): Promise<Tags> {
  try {
    return await tagsOf(client, keyArn);
  } catch (error) {
    if (isKmsError(error, 'AccessDeniedException', 'NotFoundException')) return new Map();
    throw error;
  }
}

function arned(key: KeyMetadata | undefined): Key {
  if (key?.Arn === undefined) throw new Error('KMS answered without the ARN of the key');
  return { ...key, Arn: key.Arn };
}
