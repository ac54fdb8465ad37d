import { EnableKeyRotationCommand, GetKeyRotationStatusCommand } from '@aws-sdk/client-kms';
import type { KeyOutcome, KeyPlan, KeyRepair } from '../desired/key.ts';
import { isKubeError } from '../engine/kube-error.ts';
import type { KeyIndex } from './key-index.ts';
import { aliasOf, claimKey, holdKey, restoreAlias } from './kms-claim.ts';
import { ensureGrant, HeldElsewhereError } from './kms-grant.ts';
import {
  CLAIM_TAG,
  describeKey,
  isCreatedFor,
  type Key,
  type KmsSender,
  tagsOf,
  VAULT_ID_TAG,
} from './kms-keys.ts';
import { isKmsError, kmsProblem } from './kms-problem.ts';

/** Without the tag one tenant could name another's key. */
export async function bindSupplied(client: KmsSender, plan: KeyPlan, keyId: string): Promise<KeyOutcome> {
  const key = await describeKey(client, keyId);
  if (key === undefined) {
    const message = `KMS knows no key ${keyId} in ${plan.region}: check spec.kms.keyId and the region`;
    return { problem: { reason: 'KeyNotFound', message } };
  }
  const tags = await tagsOf(client, key.Arn);
  if (tags.get(VAULT_ID_TAG) !== plan.vaultId) {
    const message = `key ${key.Arn} does not have the tag ${VAULT_ID_TAG}=${plan.vaultId}, so it is not used: tag it`;
    return { problem: { reason: 'KeyNotOurs', message } };
  }
  const rotation = key.KeyState === 'Enabled' ? await rotationOf(client, key) : undefined;
  return bind(client, plan, { key, outcome: { origin: 'Supplied', rotation }, repaired: [] });
}

/** A key of ours: see kms-claim.ts for how it becomes the vault's. */
export async function bindCreated(
  client: KmsSender,
  plan: KeyPlan,
  { rotationDays, index }: { rotationDays: number; index: KeyIndex },
): Promise<KeyOutcome> {
  const alias = aliasOf(plan.vaultId);
  const repaired: KeyRepair[] = [];
  const aliased = await describeKey(client, alias);
  const before = aliased === undefined ? await boundBefore(client, plan, repaired) : undefined;
  if (before?.problem !== undefined) return { problem: before.problem };
  const key = aliased ?? before?.key ?? (await claimKey(client, plan.vaultId, index));
  const tags = await tagsOf(client, key.Arn);
  if (tags.get(VAULT_ID_TAG) !== plan.vaultId) {
    const message = `${alias} names key ${key.Arn}, which lacks the tag ${VAULT_ID_TAG}=${plan.vaultId}, so it is not used: move the alias away, or tag the key`;
    return { problem: { reason: 'KeyNotOurs', message } };
  }
  index.note(plan.vaultId, key.Arn);
  if (key.KeyState !== 'PendingDeletion') await holdKey(client, key, tags.get(CLAIM_TAG));
  const ours = isCreatedFor(tags, plan.vaultId);
  let rotation: KeyOutcome['rotation'];
  if (key.KeyState === 'Enabled') {
    rotation = ours
      ? await ensureRotation(client, plan, { key, rotationDays, repaired })
      : await rotationOf(client, key);
  }
  return bind(client, plan, { key, outcome: { origin: 'Created', alias, rotation }, repaired });
}

/**
 * The key that this vault had, when its alias is gone: its cards are under it, so that neither a new key nor another
 * that is found will do. Gone itself, that is for a person to decide.
 */
async function boundBefore(
  client: KmsSender,
  plan: KeyPlan,
  repaired: KeyRepair[],
): Promise<{ key?: Key; problem?: KeyOutcome['problem'] } | undefined> {
  const { bound, vaultId } = plan;
  if (bound?.origin !== 'Created') return undefined;
  const alias = aliasOf(vaultId);
  const key = await describeKey(client, bound.keyArn);
  if (key === undefined) {
    const message = `key ${bound.keyArn} no longer exists, and what it encrypted cannot be read by anybody. To begin with a new key and no cards, make this PaymentVault again under another vaultId and an empty database`;
    return { problem: { reason: 'KeyNotFound', message } };
  }
  if (!isCreatedFor(await tagsOf(client, key.Arn), vaultId)) {
    const message = `key ${key.Arn}, which this vault used, has lost its alias ${alias} and its tags ${VAULT_ID_TAG}=${vaultId} or created-by, so it is not used: tag it again`;
    return { problem: { reason: 'KeyNotOurs', message } };
  }
  if (key.KeyState !== 'PendingDeletion') {
    await restoreAlias(client, vaultId, key.Arn);
    repaired.push({ reason: 'KeyAliasMissing', message: `${alias} was gone: it names key ${key.Arn} again` });
  }
  return { key };
}

/** The state of the key first: it decides whether anything else can be done with it. */
async function bind(
  client: KmsSender,
  plan: KeyPlan,
  found: { key: Key; outcome: KeyOutcome; repaired: KeyRepair[] },
): Promise<KeyOutcome> {
  const { key, repaired } = found;
  const unfit = keyUnfit(key);
  if (unfit !== undefined) return { problem: unfit };
  const base: KeyOutcome = { keyArn: key.Arn, ...defined(found.outcome) };
  const date = key.DeletionDate?.toISOString();
  const problem = stateProblem(key);
  if (problem !== undefined) {
    return { ...base, ...(date === undefined ? {} : { deletionDate: date }), problem };
  }
  try {
    const grantId = await grantTo(client, plan, { keyArn: key.Arn, repaired });
    const previous = await keepPrevious(client, plan, { keyArn: key.Arn, repaired });
    return {
      ...base,
      ...(grantId === undefined ? {} : { grantId }),
      ...(repaired.length === 0 ? {} : { repaired }),
      ...(previous === undefined ? {} : { problem: previous }),
    };
  } catch (error) {
    if (isKubeError(error)) throw error;
    // Not ours then: nothing is to be started on it.
    if (error instanceof HeldElsewhereError) {
      return { problem: { reason: 'KeyHeldElsewhere', message: error.message } };
    }
    return { ...base, problem: kmsProblem(error, plan) };
  }
}

export function keyUnfit({ Arn, KeySpec, KeyUsage }: Key): KeyOutcome['problem'] {
  if (KeyUsage === 'ENCRYPT_DECRYPT' && KeySpec === 'SYMMETRIC_DEFAULT') return undefined;
  const message = `key ${Arn} is ${KeySpec} for ${KeyUsage}: a symmetric key for encryption is wanted`;
  return { reason: 'KeyUnsuitable', message };
}

/** What keeps a key from being used, whoever wants to. */
export function stateProblem(key: Key): KeyOutcome['problem'] {
  const name = `key ${key.Arn}`;
  switch (key.KeyState) {
    case 'Enabled':
      return undefined;
    case 'PendingDeletion':
    case 'PendingReplicaDeletion': {
      const when = key.DeletionDate === undefined ? '' : ` at ${key.DeletionDate.toISOString()}`;
      const message = `${name} is going to be destroyed${when}: cancel its deletion and enable it, or every card is lost`;
      return { reason: 'KeyPendingDeletion', message };
    }
    case 'PendingImport':
      return { reason: 'KeyDisabled', message: `${name} has no key material: import it again` };
    case 'Unavailable':
      return { reason: 'KeyDisabled', message: `${name} is Unavailable: connect its custom key store` };
    default:
      return { reason: 'KeyDisabled', message: `${name} is ${key.KeyState}: enable it` };
  }
}

type OnKey = { keyArn: string; repaired: KeyRepair[] };

async function grantTo(client: KmsSender, plan: KeyPlan, on: OnKey): Promise<string | undefined> {
  const { vaultId, grantee, grantMark, bound, previousKeyArns } = plan;
  if (grantee === undefined) return undefined;
  const { grantId, made } = await ensureGrant(client, {
    keyArn: on.keyArn,
    vaultId,
    grantee,
    grantMark,
    isFirst: bound?.keyArn !== on.keyArn && !previousKeyArns.includes(on.keyArn),
    keepOthers: plan.rolesOfBefore ?? false,
  });
  const had = previousKeyArns.includes(on.keyArn) || (bound?.keyArn === on.keyArn && bound.granted);
  if (made && had) {
    const message = `the grant of ${grantee} on key ${on.keyArn} was gone: it is made again. Until then the vault could not unwrap its data keys`;
    on.repaired.push({ reason: 'GrantMissing', message });
  }
  return grantId;
}

/**
 * Keys that the vault had before: what is still wrapped under them must stay readable until it is re-wrapped.
 * @returns what is wrong with the first that cannot be used
 */
async function keepPrevious(
  client: KmsSender,
  plan: KeyPlan,
  current: OnKey,
): Promise<KeyOutcome['problem']> {
  let problem: KeyOutcome['problem'];
  const { bound, previousKeyArns } = plan;
  // The one that is being left is not written down yet.
  const wanted = new Set([...previousKeyArns, ...(bound === undefined ? [] : [bound.keyArn])]);
  wanted.delete(current.keyArn);
  for (const keyArn of wanted) {
    const key = await describeKey(client, keyArn);
    const tagged = key !== undefined && (await tagsOf(client, keyArn)).get(VAULT_ID_TAG) === plan.vaultId;
    const found = previousProblem(keyArn, key, tagged);
    if (found === undefined) await grantTo(client, plan, { keyArn, repaired: current.repaired });
    problem ??= found;
  }
  return problem;
}

function previousProblem(keyArn: string, key: Key | undefined, tagged: boolean): KeyOutcome['problem'] {
  const still = 'this vault had it before, and data keys are still wrapped under it';
  if (key === undefined)
    return { reason: 'KeyNotFound', message: `key ${keyArn} no longer exists: ${still}` };
  if (!tagged) {
    const message = `key ${keyArn} has lost its tag ${VAULT_ID_TAG}, so it is not used: ${still}; tag it again`;
    return { reason: 'KeyNotOurs', message };
  }
  const bad = stateProblem(key);
  return bad && { ...bad, message: `${bad.message} (${still})` };
}

/** How a key rotates that we only look at. */
export async function rotationOf(client: KmsSender, key: Key): Promise<KeyOutcome['rotation']> {
  try {
    const { KeyRotationEnabled } = await client.send(new GetKeyRotationStatusCommand({ KeyId: key.Arn }));
    return KeyRotationEnabled ? 'On' : 'Off';
  } catch (error) {
    // Imported material and custom key stores: rotated by hand.
    if (isKmsError(error, 'UnsupportedOperationException')) return 'Unsupported';
    if (isKmsError(error, 'AccessDeniedException')) return 'Unknown';
    throw error;
  }
}

async function ensureRotation(
  client: KmsSender,
  plan: KeyPlan,
  { key, rotationDays, repaired }: { key: Key; rotationDays: number; repaired: KeyRepair[] },
): Promise<'On'> {
  const status = await client.send(new GetKeyRotationStatusCommand({ KeyId: key.Arn }));
  if (status.KeyRotationEnabled && status.RotationPeriodInDays === rotationDays) return 'On';
  await client.send(new EnableKeyRotationCommand({ KeyId: key.Arn, RotationPeriodInDays: rotationDays }));
  if (!status.KeyRotationEnabled && plan.bound?.keyArn === key.Arn) {
    const message = `automatic rotation of key ${key.Arn} had been turned off: it is on again, every ${rotationDays} days`;
    repaired.push({ reason: 'KeyRotationOff', message });
  }
  return 'On';
}

function defined(outcome: KeyOutcome): KeyOutcome {
  return Object.fromEntries(Object.entries(outcome).filter(([, value]) => value !== undefined));
}
