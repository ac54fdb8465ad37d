import type { Logger, Metrics } from '@cofferdam/runtime';
import type { BoundedEntries } from './audit/bounded-entries.ts';
import { auditEntry } from './audit-entry.ts';
import type { IntegrityError } from './integrity-error.ts';
import type { Requester } from './vault.ts';

export interface IntegrityReports {
  /**
   * Counts, logs and audits that a record is not what was sealed for its place. Resolves when that is done, also when
   * the audit failed: what is asked for is refused in any case.
   */
  report(error: IntegrityError, by: Requester, foundBy: 'request' | 'rekey'): Promise<void>;
}

export function createIntegrityReports(options: {
  metrics: Metrics;
  logger: Logger;
  bounded: BoundedEntries;
  now: () => Date;
}): IntegrityReports {
  const { metrics, logger, bounded, now } = options;
  const errors = metrics.meter.createCounter('cofferdam_integrity_errors', {
    description: 'Records that were met and are not what was sealed for their place.',
  });
  return {
    async report({ altered }, by, foundBy) {
      const { merchant, token, recordVersion, keyVersion } = altered;
      errors.add(1, { found_by: foundBy });
      logger.error({ ...altered, foundBy }, 'a record is not what was sealed for its place');
      const detail = { foundBy, recordVersion, keyVersion };
      const entry = auditEntry('integrity.failed', { ...by, merchant }, token, now(), detail);
      await bounded
        .add(entry, `${token}/${recordVersion}`)
        .catch((err: unknown) => logger.error({ err, token }, 'an integrity error could not be audited'));
    },
  };
}
