import { DeleteAliasCommand, KMSClient } from '@aws-sdk/client-kms';
import type { KeyOutcome, KeyPlan, KeyReference } from '../desired/key.ts';
import { isKubeError } from '../engine/kube-error.ts';
import { createKeyIndex, type KeyIndex } from './key-index.ts';
import type { KeyManagement, KeyPlace } from './kms.ts';
import { bindCreated, bindSupplied } from './kms-bind.ts';
import { type Care, unlimited } from './kms-care.ts';
import { aliasOf, dropUnclaimed, sweepUnused } from './kms-claim.ts';
import { isHeldElsewhere, revokeGrants, revokeOwn } from './kms-grant.ts';
import {
  describeKey,
  isCreatedFor,
  type KmsSender,
  scheduleDeletion,
  tagsOf,
  VAULT_ID_TAG,
} from './kms-keys.ts';
import { bindMerchantKeys } from './kms-merchant-keys.ts';
import { isKmsError, kmsProblem } from './kms-problem.ts';

export type { KmsSender } from './kms-keys.ts';

/** A request that was sent as leader has ended before another can lead: leaseDuration - renewDeadline. */
const CALL_TIMEOUT_MS = 5_000;
/**
 * For so long one vault may keep a worker, before the next call is not made: an endpoint that a tenant names may answer
 * slowly, or list page after page without an end.
 */
const WORK_LIMIT_MS = 20_000;

type Limits = { callMs: number; workMs: number };

type Guard = (() => void) | undefined;

/**
 * Keys in AWS KMS. Credentials as the SDK finds them: IRSA, EKS Pod Identity, environment.
 * @param clientFor one client for each region and endpoint
 * @param care budget, circuit breaker and metrics of all calls
 * @param limits how long one call, and all that one question needs, may take, milliseconds
 */
export function awsKeyManagement(
  clientFor: (region: string, endpoint: string | undefined) => KmsSender = sdkClients(),
  care: Care = unlimited,
  limits: Limits = { callMs: CALL_TIMEOUT_MS, workMs: WORK_LIMIT_MS },
): KeyManagement {
  /** For a look through the whole account. */
  const patientClientAt = (place: KeyPlace, guard: Guard) =>
    careful(clientFor(place.region, place.endpoint), { place, care, guard, callMs: limits.callMs });
  const clientAt = (place: KeyPlace, guard: Guard) => inTime(patientClientAt(place, guard), limits.workMs);
  const indexes = new Map<string, (client: KmsSender) => KeyIndex>();
  const indexAt = (place: KeyPlace, guard: Guard) => {
    const index = indexes.get(idOf(place)) ?? createKeyIndex();
    indexes.set(idOf(place), index);
    return index(patientClientAt(place, guard));
  };
  return {
    async ensure(plan, guard) {
      const client = clientAt(plan, guard);
      const outcome = await bindOwn(client, plan, () => indexAt(plan, guard));
      if (plan.merchantKeys === undefined) return outcome;
      const { merchantKeys, repaired } = await bindMerchantKeys(
        client,
        plan,
        outcome.keyArn ?? plan.bound?.keyArn,
      );
      const all = [...(outcome.repaired ?? []), ...repaired];
      return { ...outcome, merchantKeys, ...(all.length === 0 ? {} : { repaired: all }) };
    },

    async isUsable(plan, keyArn, guard) {
      try {
        const client = clientAt(plan, guard);
        for (const one of [keyArn, ...(plan.merchantKeys ?? []).map((key) => key.keyArn)]) {
          if ((await describeKey(client, one))?.KeyState !== 'Enabled') return false;
        }
        return true;
      } catch (error) {
        if (isKubeError(error)) throw error;
        return false;
      }
    },

    async retire(place, keyArn, guard) {
      const client = clientAt(place, guard);
      if (place.merchantKeyArns?.includes(keyArn)) return takeBack(client, place, keyArn);
      if (await isTagged(client, keyArn, place.vaultId)) await revokeGrants(client, keyArn, place.vaultId);
    },

    async release(reference, policy, guard) {
      const client = clientAt(reference, guard);
      const mayBeLeft = await release(client, reference, policy);
      if (mayBeLeft) await dropUnclaimed(client, reference.vaultId, indexAt(reference, guard));
      await releaseMerchantKeys(client, reference);
    },

    async prepare(place, known, guard) {
      const index = indexAt(place, guard);
      for (const { vaultId, keyArn } of known) index.note(vaultId, keyArn);
      await index.prepare();
    },

    sweep: (place, options, guard) =>
      sweepUnused(patientClientAt(place, guard), { ...options, index: indexAt(place, guard) }),
  };
}

async function bindOwn(client: KmsSender, plan: KeyPlan, index: () => KeyIndex): Promise<KeyOutcome> {
  try {
    return 'supplied' in plan.key
      ? await bindSupplied(client, plan, plan.key.supplied)
      : await bindCreated(client, plan, {
          rotationDays: plan.key.created.rotationDays,
          index: index(),
        });
  } catch (error) {
    return asOutcome(error, plan);
  }
}

/**
 * Whoever holds a merchant's key may take its tag away; our own grant is not to be left on it then. A policy that lets
 * us touch tagged keys alone leaves it to him.
 */
async function takeBack(client: KmsSender, place: KeyReference, keyArn: string): Promise<void> {
  const tagged = await isTagged(client, keyArn, place.vaultId);
  try {
    await revokeOwn(client, keyArn, place);
  } catch (error) {
    const isHis = isKmsError(error, 'NotFoundException', 'InvalidArnException', 'AccessDeniedException');
    if (tagged || !isHis) throw error;
  }
}

/** Last, and each for itself: what one's policy no longer lets us do keeps nothing else from its end. */
async function releaseMerchantKeys(client: KmsSender, reference: KeyReference): Promise<void> {
  const failures: unknown[] = [];
  for (const keyArn of reference.merchantKeyArns ?? []) {
    try {
      await takeBack(client, reference, keyArn);
    } catch (error) {
      if (isKubeError(error)) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function asOutcome(error: unknown, plan: KeyPlan): KeyOutcome {
  if (isKubeError(error)) throw error;
  return { problem: kmsProblem(error, plan) };
}

/** Every call of ours goes through here. */
function careful(
  client: KmsSender,
  options: { place: KeyPlace; care: Care; guard: Guard; callMs: number },
): KmsSender {
  const { place, care, guard, callMs } = options;
  const send = (command: Parameters<KmsSender['send']>[0]) =>
    care({
      place: idOf(place),
      operation: command.constructor.name.replace(/Command$/, ''),
      send: () => {
        // At the last moment: the wait for the budget may have outlasted the lease.
        guard?.();
        const late = AbortSignal.timeout(callMs);
        return before(late, client.send(command, { abortSignal: late }));
      },
    });
  return { send } as KmsSender;
}

/** While it looks for credentials the SDK takes no notice of a signal; afterwards it sends nothing any more. */
function before<T>(late: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    late.addEventListener('abort', () => reject(late.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** Makes no call after the time is up. */
function inTime(client: KmsSender, limitMs: number): KmsSender {
  const until = performance.now() + limitMs;
  const send = async (command: Parameters<KmsSender['send']>[0]) => {
    if (performance.now() >= until) throw new Error(`not done within ${limitMs / 1000} s`);
    return client.send(command);
  };
  return { send } as KmsSender;
}

async function isTagged(client: KmsSender, keyArn: string, vaultId: string): Promise<boolean> {
  try {
    return (await tagsOf(client, keyArn)).get(VAULT_ID_TAG) === vaultId;
  } catch (error) {
    if (isKmsError(error, 'NotFoundException', 'InvalidArnException')) return false;
    throw error;
  }
}

function idOf({ region, endpoint = '' }: KeyPlace): string {
  return `${region} ${endpoint}`;
}

/**
 * Grants first: whatever comes after, the pods can no longer use the keys.
 * @returns whether there may be a key that was made and not claimed
 */
async function release(
  client: KmsSender,
  reference: KeyReference,
  policy: 'Retain' | 'Delete',
): Promise<boolean> {
  const { vaultId, key, previousKeyArns } = reference;
  const alias = aliasOf(vaultId);
  const aliased = await describeKey(client, alias);
  const supplied = 'supplied' in key ? await describeKey(client, key.supplied) : undefined;
  const ours = new Set([aliased?.Arn, supplied?.Arn, ...previousKeyArns].filter((arn) => arn !== undefined));
  for (const keyArn of ours) {
    if (!(await isTagged(client, keyArn, vaultId))) continue;
    if (!reference.held && (await isHeldElsewhere(client, { ...reference, keyArn }))) return false;
    await revokeGrants(client, keyArn, vaultId);
  }
  // A stop between making a key and claiming it, and then the deletion.
  if (aliased === undefined) return 'created' in key;
  if (policy === 'Retain' || aliased.Arn === supplied?.Arn) return false;
  if (!isCreatedFor(await tagsOf(client, aliased.Arn), vaultId)) return false;
  const days = 'created' in key ? key.created.deletionWindowDays : 30;
  if (aliased.KeyState !== 'PendingDeletion') await scheduleDeletion(client, aliased.Arn, days);
  // The alias last: while it is there, a repeated attempt finds the key.
  try {
    await client.send(new DeleteAliasCommand({ AliasName: alias }));
  } catch (error) {
    if (!isKmsError(error, 'NotFoundException')) throw error;
  }
  return false;
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
      requestHandler: { connectionTimeout: 2_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
    });
    clients.set(key, client);
    return client;
  };
}
