import {
  every,
  type Lifecycle,
  type Logger,
  type Metrics,
  type RateLimiter,
  type SchemaGate,
} from '@cofferdam/runtime';
import type { FastifyInstance } from 'fastify';
import type { readServeConfig } from '../config.ts';
import { addImportRoutes } from '../http/import-routes.ts';
import { addUpdateRoutes } from '../http/update-routes.ts';
import type { Vault } from '../vault.ts';
import { updateCounter } from './metrics.ts';
import { openAccountUpdater } from './pull/account-updater.ts';
import { createUpdaterJob } from './pull/run-updater.ts';

export interface Updating {
  addRoutes(app: FastifyInstance, rateLimiter: RateLimiter | undefined): void;
}

/**
 * Credential updating: routes for what is pushed and sent as a file, and the job that asks the updater service, if there
 * is one.
 *
 * @throws {StartError} naming a setting of the updater service that is wrong
 */
export async function openUpdating(
  config: ReturnType<typeof readServeConfig>,
  vault: Vault,
  around: {
    schema: Pick<SchemaGate, 'isOpen'>;
    lifecycle: Lifecycle;
    logger: Logger;
    metrics: Metrics;
  },
): Promise<Updating> {
  const { schema, lifecycle, logger, metrics } = around;
  const updates = updateCounter(metrics);
  const updater = await openAccountUpdater(config, around);
  const settings = {
    days: config.ACCOUNT_UPDATER_DAYS,
    batchSize: config.ACCOUNT_UPDATER_BATCH_SIZE,
    intervalMs: config.ACCOUNT_UPDATER_INTERVAL_SECONDS * 1000,
  };
  if (updater) {
    const job = createUpdaterJob(vault, { updater, settings, metrics, updates });
    const name = 'ask the account updater';
    const task = every(1000, { name, logger }, () => schema.isOpen && job.step());
    lifecycle.onClose(name, () => task.stop());
  }
  return {
    addRoutes: (app, rateLimiter) => {
      addUpdateRoutes(app, vault, { updates, rateLimiter, asksUpdater: updater !== undefined });
      addImportRoutes(app, vault, { updates, rateLimiter });
    },
  };
}
