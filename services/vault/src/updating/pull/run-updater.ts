import type { Counter, Metrics } from '@cofferdam/runtime';
import { oldestInquiry } from '../../storage/card-inquiries.ts';
import type { Vault } from '../../vault.ts';
import type { AccountUpdater } from './account-updater.ts';
import { collectAnswer } from './collect-answer.ts';
import { formBatch, lookForExpiring, type UpdaterSettings } from './form-batches.ts';
import { sendBatch } from './send-batch.ts';

export interface UpdaterJob {
  /** About a second's worth of it; called again and again, by every replica. */
  step(): Promise<void>;
}

/** Asks the updater about cards that are about to expire and those that were declined, and applies what it says. */
export function createUpdaterJob(
  vault: Vault,
  options: { updater: AccountUpdater; settings: UpdaterSettings; metrics: Metrics; updates: Counter },
): UpdaterJob {
  const { updater, settings, metrics, updates } = options;
  let oldest: Date | undefined;
  metrics.meter
    .createObservableGauge('cofferdam_card_inquiry_oldest_age_seconds', {
      description: 'Age of the oldest inquiry that has no answer, seconds.',
    })
    .addCallback((result) =>
      result.observe(oldest ? Math.max(0, (vault.now().getTime() - oldest.getTime()) / 1000) : 0),
    );
  const works: readonly (() => Promise<unknown>)[] = [
    () => lookForExpiring(vault, settings),
    () => formBatch(vault, settings),
    () => sendBatch(vault, updater, { ...settings, updates }),
    () => collectAnswer(vault, updater, { ...settings, updates }),
    async () => {
      oldest = await oldestInquiry(vault.database);
    },
  ];
  return {
    async step() {
      const errors: unknown[] = [];
      // What stops one of them stops no other.
      for (const work of works) await work().catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
}
