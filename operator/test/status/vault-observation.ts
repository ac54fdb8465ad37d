import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import type { ObservedDeployment } from '../../src/status/observed-types.ts';
import { paymentVaultStatus, type VaultObservation } from '../../src/status/payment-vault.ts';
import { facts, paymentVault } from '../fixtures.ts';

export const now = '2026-11-22T18:00:00Z';
export const running = (name: string, available = 1): ObservedDeployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, generation: 1 },
  spec: { replicas: 1 },
  status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: available },
});
export const plan = planPaymentVault(paymentVault(), { connectors: [], completedJobs: new Set() }, facts);
export const fine: VaultObservation = {
  plan,
  key: { keyArn: 'arn:aws:kms:eu-central-1:000000000000:key/1', origin: 'Created' },
  topics: { topics: [] },
  jobs: { vault: undefined, router: undefined },
  jobTrouble: { vault: undefined, router: undefined },
  workloads: {
    vault: { name: 'payments-vault', deployment: running('payments-vault'), trouble: undefined },
    router: { name: 'payments-router', deployment: running('payments-router'), trouble: undefined },
  },
  migrated: { vault: true, router: true },
  statusz: undefined,
  connectors: 2,
  applyProblem: undefined,
};
export const statusOf = (changes: Partial<VaultObservation>, vault = paymentVault()) =>
  paymentVaultStatus(vault, { ...fine, ...changes }, { facts, now });
export const say = (status: {
  conditions?: { type: string; status: string; reason: string }[] | undefined;
}) =>
  Object.fromEntries(
    (status.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );
export const messageOf = (
  status: { conditions?: { type: string; message: string }[] | undefined },
  type: string,
) => status.conditions?.find((condition) => condition.type === type)?.message;
