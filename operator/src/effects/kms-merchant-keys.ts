import type { KeyPlan, KeyRepair } from '../desired/key.ts';
import { type MerchantKeyOutcome, type MerchantKeyPlan, unsuitable } from '../desired/merchant-keys.ts';
import { isKubeError } from '../engine/kube-error.ts';
import { keyUnfit, rotationOf, stateProblem } from './kms-bind.ts';
import { ensureGrant, HeldElsewhereError } from './kms-grant.ts';
import { describeKey, type KmsSender, tagsOf, VAULT_ID_TAG } from './kms-keys.ts';
import { kmsProblem } from './kms-problem.ts';

/**
 * Keys that merchants have for themselves, supplied as a vault's own may be: looked at, granted for that merchant, and
 * never changed. What is wrong with one is said of that one, and holds up no other.
 *
 * @param vaultKeyArn the key that the vault has for all others
 */
export async function bindMerchantKeys(
  client: KmsSender,
  plan: KeyPlan,
  vaultKeyArn: string | undefined,
): Promise<{ merchantKeys: MerchantKeyOutcome[]; repaired: KeyRepair[] }> {
  const merchantKeys: MerchantKeyOutcome[] = [];
  const repaired: KeyRepair[] = [];
  for (const key of plan.merchantKeys ?? []) {
    merchantKeys.push(await bindOne(client, { plan, key, vaultKeyArn, repaired }));
  }
  return { merchantKeys, repaired };
}

type One = {
  plan: KeyPlan;
  key: MerchantKeyPlan;
  vaultKeyArn: string | undefined;
  repaired: KeyRepair[];
};

async function bindOne(client: KmsSender, one: One): Promise<MerchantKeyOutcome> {
  const { plan, key } = one;
  const { merchant, keyArn, retiring, grantId } = key;
  const known = {
    merchant,
    keyArn,
    ...(retiring ? { retiring } : {}),
    ...(grantId === undefined ? {} : { grantId }),
  };
  try {
    return { ...known, ...(await look(client, one)) };
  } catch (error) {
    if (isKubeError(error)) throw error;
    if (error instanceof HeldElsewhereError) {
      return { ...known, problem: { reason: 'KeyHeldElsewhere', message: error.message } };
    }
    return { ...known, problem: kmsProblem(error, plan) };
  }
}

async function look(
  client: KmsSender,
  { plan, key, vaultKeyArn, repaired }: One,
): Promise<Omit<MerchantKeyOutcome, 'merchant' | 'keyArn'>> {
  const { keyArn, merchant } = key;
  const bad = (reason: NonNullable<MerchantKeyOutcome['problem']>['reason'], message: string) => ({
    problem: { reason, message },
  });
  const misused = unsuitable(plan, key, vaultKeyArn);
  // One that leaves, and that became the vault's own meanwhile, has a grant that covers what is left under it.
  if (misused !== undefined)
    return key.retiring ? {} : bad('KeyUnsuitable', `key ${keyArn} is not used: ${misused}`);
  const found = await describeKey(client, keyArn);
  if (found === undefined) return bad('KeyNotFound', `KMS knows no key ${keyArn}`);
  const tags = await tagsOf(client, found.Arn);
  if (tags.get(VAULT_ID_TAG) !== plan.vaultId) {
    const message = `key ${keyArn} does not have the tag ${VAULT_ID_TAG}=${plan.vaultId}, so it is not used: whoever holds it has to tag it`;
    return bad('KeyNotOurs', message);
  }
  const unfit = keyUnfit(found);
  if (unfit !== undefined) return { problem: unfit };
  const deletionDate = found.DeletionDate?.toISOString();
  const problem = stateProblem(found);
  if (problem !== undefined) return { ...(deletionDate === undefined ? {} : { deletionDate }), problem };
  const rotation = await rotationOf(client, found);
  const { grantee, vaultId, grantMark } = plan;
  if (grantee === undefined) return { rotation };
  const { grantId, made } = await ensureGrant(client, {
    ...{ keyArn, vaultId, merchant, grantee, grantMark },
    isFirst: !key.held,
    keepOthers: plan.rolesOfBefore ?? false,
  });
  if (made && key.grantId !== undefined) {
    const message = `the grant of ${grantee} on key ${keyArn} of merchant ${merchant} was gone: it is made again. Until then the vault could not unwrap its data keys`;
    repaired.push({ reason: 'GrantMissing', message });
  }
  return { rotation, ...(grantId === undefined ? {} : { grantId }) };
}
