import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  type KeyMetadata,
  KMSClient,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import type { KeyOutcome, KeyPlan } from '../desired/key.ts';
import { isKubeError } from '../engine/kube-error.ts';
import type { KeyManagement } from './kms.ts';
import { ensureGrant, listGrants, revokeGrants } from './kms-grant.ts';
import { isKmsError, kmsProblem } from './kms-problem.ts';

/** Names the one vault that may use a key; on a supplied key the user's own proof that it is meant for it. */
export const VAULT_ID_TAG = 'payments.cofferdam.dev/vault-id';
/** On keys that we made: only these are ever scheduled for deletion. */
export const CREATED_TAG = 'payments.cofferdam.dev/created-by';
const CREATED_BY = 'cofferdam-operator';

/** What this adapter uses of the SDK's client; a test may stand in between. */
export type KmsSender = Pick<KMSClient, 'send'>;

export function aliasOf(vaultId: string): string {
  return `alias/cofferdam-${vaultId}`;
}

/** Credentials as the SDK finds them (IRSA, Pod Identity, environment); one client for each region and endpoint. */
export function awsKeyManagement(
  clientFor: (region: string, endpoint: string | undefined) => KmsSender = sdkClients(),
): KeyManagement {
  return {
    async ensure(plan, guard) {
      const client = guarded(clientFor(plan.region, plan.endpoint), guard);
      try {
        return 'supplied' in plan.key
          ? await bindSupplied(client, plan, plan.key.supplied)
          : await bindCreated(client, plan, plan.key.created.rotationDays);
      } catch (error) {
        if (isKubeError(error)) throw error;
        return { problem: kmsProblem(error, plan) };
      }
    },

    async release(plan, policy, guard) {
      const client = guarded(clientFor(plan.region, plan.endpoint), guard);
      const alias = aliasOf(plan.vaultId);
      const key = await describe(client, 'supplied' in plan.key ? plan.key.supplied : alias);
      if (key === undefined) return;
      const tags = await tagsOf(client, key);
      if (tags.get(VAULT_ID_TAG) !== plan.vaultId) return;
      if (key.KeyState !== 'PendingDeletion') await revokeGrants(client, key.Arn, plan.vaultId);
      if (policy === 'Retain' || 'supplied' in plan.key || tags.get(CREATED_TAG) !== CREATED_BY) return;
      // The alias last: while it is there, a repeated attempt finds the key.
      if (key.KeyState !== 'PendingDeletion') {
        const PendingWindowInDays = plan.key.created.deletionWindowDays;
        await client.send(new ScheduleKeyDeletionCommand({ KeyId: key.Arn, PendingWindowInDays }));
      }
      await client.send(new DeleteAliasCommand({ AliasName: alias }));
    },
  };
}

function guarded(client: KmsSender, guard: (() => void) | undefined): KmsSender {
  if (guard === undefined) return client;
  const send = async (command: Parameters<KmsSender['send']>[0]) => {
    guard();
    return client.send(command);
  };
  return { send } as KmsSender;
}

/** Without the tag one tenant could name another's key. */
async function bindSupplied(client: KmsSender, plan: KeyPlan, keyId: string): Promise<KeyOutcome> {
  const key = await describe(client, keyId);
  if (key === undefined) {
    const message = `KMS knows no key ${keyId} in ${plan.region}: check spec.kms.keyId and the region`;
    return { problem: { reason: 'KeyNotFound', message } };
  }
  const tags = await tagsOf(client, key);
  if (tags.get(VAULT_ID_TAG) !== plan.vaultId) {
    const message = `key ${key.Arn} does not have the tag ${VAULT_ID_TAG}=${plan.vaultId}, so it is not used: tag it`;
    return { problem: { reason: 'KeyNotOurs', message } };
  }
  return bind(client, plan, { key, origin: 'Supplied' });
}

/**
 * The alias is the claim: whoever sets it owns the name. A key that was made and not claimed, because we were
 * stopped in between, is found by its tags and claimed then.
 */
async function bindCreated(client: KmsSender, plan: KeyPlan, rotationDays: number): Promise<KeyOutcome> {
  const alias = aliasOf(plan.vaultId);
  const key = (await describe(client, alias)) ?? (await claim(client, plan, alias));
  const tags = await tagsOf(client, key);
  if (tags.get(VAULT_ID_TAG) !== plan.vaultId) {
    const message = `${alias} names key ${key.Arn}, which lacks the tag ${VAULT_ID_TAG}=${plan.vaultId}, so it is not used: move the alias away, or tag the key`;
    return { problem: { reason: 'KeyNotOurs', message } };
  }
  if (key.KeyState === 'Enabled' && tags.get(CREATED_TAG) === CREATED_BY) {
    await ensureRotation(client, key, rotationDays);
  }
  return bind(client, plan, { key, origin: 'Created', alias });
}

type Arned = KeyMetadata & { Arn: string };

async function bind(
  client: KmsSender,
  plan: KeyPlan,
  found: { key: Arned; origin: 'Created' | 'Supplied'; alias?: string },
): Promise<KeyOutcome> {
  const { key, ...rest } = found;
  const base: KeyOutcome = { keyArn: key.Arn, ...rest };
  const name = `key ${key.Arn}`;
  if (key.KeyUsage !== 'ENCRYPT_DECRYPT' || key.KeySpec !== 'SYMMETRIC_DEFAULT') {
    const message = `${name} is ${key.KeySpec} for ${key.KeyUsage}: a symmetric key for encryption is wanted`;
    return { problem: { reason: 'KeyUnsuitable', message } };
  }
  if (key.KeyState === 'PendingDeletion') {
    const date = key.DeletionDate?.toISOString();
    const message = `${name} is going to be destroyed${date === undefined ? '' : ` at ${date}`}: cancel its deletion and enable it, or every card is lost`;
    return {
      ...base,
      ...(date === undefined ? {} : { deletionDate: date }),
      problem: { reason: 'KeyPendingDeletion', message },
    };
  }
  if (key.KeyState !== 'Enabled') {
    return { ...base, problem: { reason: 'KeyDisabled', message: `${name} is ${key.KeyState}: enable it` } };
  }
  if (plan.grantee === undefined) return base;
  try {
    const grantId = await ensureGrant(client, {
      keyArn: key.Arn,
      vaultId: plan.vaultId,
      grantee: plan.grantee,
    });
    return grantId === undefined ? base : { ...base, grantId };
  } catch (error) {
    if (isKubeError(error)) throw error;
    return { ...base, problem: kmsProblem(error, plan) };
  }
}

async function claim(client: KmsSender, plan: KeyPlan, alias: string): Promise<Arned> {
  const key = (await findUnclaimed(client, plan.vaultId)) ?? (await create(client, plan.vaultId));
  try {
    await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: key.Arn }));
    return key;
  } catch (error) {
    if (!isKmsError(error, 'AlreadyExistsException')) throw error;
    // Another was quicker, and nothing was ever encrypted under ours.
    const winner = await describe(client, alias);
    if (winner !== undefined && winner.Arn !== key.Arn && (await listGrants(client, key.Arn)).length === 0) {
      await client.send(new ScheduleKeyDeletionCommand({ KeyId: key.Arn, PendingWindowInDays: 30 }));
    }
    return winner ?? key;
  }
}

async function create(client: KmsSender, vaultId: string): Promise<Arned> {
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({
      Description: `Cofferdam vault ${vaultId}: wraps its data keys`,
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      Tags: [
        { TagKey: VAULT_ID_TAG, TagValue: vaultId },
        { TagKey: CREATED_TAG, TagValue: CREATED_BY },
      ],
    }),
  );
  return arned(KeyMetadata);
}

/**
 * A key of ours without an alias, the one with a grant (which may be in use) before one without, then the oldest.
 * It is claimed and not deleted: an alias may also have been removed by hand from a key full of cards.
 * Only on the rare path where the alias is missing, since it asks for every key's tags.
 */
async function findUnclaimed(client: KmsSender, vaultId: string): Promise<Arned | undefined> {
  const found: { key: Arned; granted: boolean }[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListKeysCommand({ Limit: 1000, ...(Marker === undefined ? {} : { Marker }) }),
    );
    for (const { KeyArn } of page.Keys ?? []) {
      const key = KeyArn === undefined ? undefined : await ours(client, KeyArn, vaultId);
      if (key !== undefined) found.push({ key, granted: (await listGrants(client, key.Arn)).length > 0 });
    }
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined);
  const age = ({ key }: { key: Arned }) => key.CreationDate?.getTime() ?? 0;
  found.sort((a, b) => Number(b.granted) - Number(a.granted) || age(a) - age(b));
  return found[0]?.key;
}

async function ours(client: KmsSender, keyArn: string, vaultId: string): Promise<Arned | undefined> {
  try {
    const tags = await tagsOf(client, { Arn: keyArn });
    if (tags.get(VAULT_ID_TAG) !== vaultId || tags.get(CREATED_TAG) !== CREATED_BY) return undefined;
    const key = await describe(client, keyArn);
    return key?.KeyState === 'Enabled' || key?.KeyState === 'Disabled' ? key : undefined;
  } catch (error) {
    // Other people's keys need not let us look at them.
    if (isKmsError(error, 'AccessDeniedException')) return undefined;
    throw error;
  }
}

async function ensureRotation(client: KmsSender, key: Arned, rotationDays: number): Promise<void> {
  const status = await client.send(new GetKeyRotationStatusCommand({ KeyId: key.Arn }));
  if (status.KeyRotationEnabled && status.RotationPeriodInDays === rotationDays) return;
  await client.send(new EnableKeyRotationCommand({ KeyId: key.Arn, RotationPeriodInDays: rotationDays }));
}

async function describe(client: KmsSender, keyId: string): Promise<Arned | undefined> {
  try {
    return arned((await client.send(new DescribeKeyCommand({ KeyId: keyId }))).KeyMetadata);
  } catch (error) {
    // The latter two: no such key can be, because its name is malformed.
    if (isKmsError(error, 'NotFoundException', 'InvalidArnException', 'ValidationException'))
      return undefined;
    throw error;
  }
}

function arned(key: KeyMetadata | undefined): Arned {
  if (key?.Arn === undefined) throw new Error('KMS answered without the ARN of the key');
  return { ...key, Arn: key.Arn };
}

async function tagsOf(client: KmsSender, key: { Arn: string }): Promise<Map<string, string>> {
  const tags = new Map<string, string>();
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListResourceTagsCommand({ KeyId: key.Arn, ...(Marker === undefined ? {} : { Marker }) }),
    );
    for (const { TagKey, TagValue } of page.Tags ?? []) tags.set(TagKey ?? '', TagValue ?? '');
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined);
  return tags;
}

/** Short time-outs: a reconcile must never hang, and is repeated anyway. */
function sdkClients(): (region: string, endpoint: string | undefined) => KmsSender {
  const clients = new Map<string, KMSClient>();
  return (region, endpoint) => {
    const key = `${region} ${endpoint ?? ''}`;
    const known = clients.get(key);
    if (known !== undefined) return known;
    const client = new KMSClient({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: 2,
      // Without the third a request that takes too long is only warned about, and waited for.
      requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
    });
    clients.set(key, client);
    return client;
  };
}
