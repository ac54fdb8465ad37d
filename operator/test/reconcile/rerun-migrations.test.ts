import { expect, test } from 'vitest';
import { planPaymentVault } from '../../src/desired/payment-vault.ts';
import { TEMPLATE_ANNOTATION } from '../../src/desired/pod-template.ts';
import type { Context } from '../../src/reconcile/context.ts';
import { rerunMigrations } from '../../src/reconcile/rerun-migrations.ts';
import type { ObservedJob } from '../../src/status/observed-types.ts';
import { facts, paymentVault } from '../fixtures.ts';

const vault = paymentVault();
const plan = planPaymentVault(vault, { connectors: [], completedJobs: new Set() }, facts);
const now = Date.parse('2026-11-22T18:00:00Z');
const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const ended = (type: string, minutes: number): ObservedJob['status'] => ({
  conditions: [{ type, status: 'True', lastTransitionTime: minutesAgo(minutes) }],
});

async function deleted(
  status: ObservedJob['status'],
  template = plan.migrationTemplates.vault,
): Promise<number> {
  const metadata = {
    name: plan.migrations.vault,
    uid: 'job',
    annotations: { [TEMPLATE_ANNOTATION]: template },
  };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, status };
  const gone: unknown[] = [];
  await rerunMigrations(
    {
      clock: { now: () => now },
      caches: { jobs: { store: { byIndex: () => [job] } } },
      client: { delete: async (_: unknown, key: unknown) => void gone.push(key) },
    } as unknown as Context,
    vault,
    plan,
  );
  return gone.length;
}

test.each([
  ['failed a while ago', ended('Failed', 6), 'same', 1],
  ['failed just now', ended('Failed', 1), 'same', 0],
  ['failed just now, and its pods would be others', ended('Failed', 1), 'other', 1],
  ['of which no pod runs, and its pods would be others', { ready: 0 }, 'other', 1],
  ['of which no pod runs', { ready: 0 }, 'same', 0],
  ['of which a pod runs, and its pods would be others', { ready: 1 }, 'other', 0],
  ['complete, and its pods would be others', ended('Complete', 60), 'other', 0],
])('a migration Job %s', async (_, status, template, times) => {
  expect(await deleted(status, template === 'same' ? undefined : 'other')).toBe(times);
});
