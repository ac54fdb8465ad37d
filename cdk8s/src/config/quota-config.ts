import { z } from 'zod';

/** What pods that are not Cofferdam's ask for, in whole cores and GiB: quotas are no place for fractions. */
const OtherPods = z.strictObject({
  pods: z.int().min(1).max(10_000),
  cpuCores: z.int().min(1).max(10_000),
  memoryGi: z.int().min(1).max(100_000),
});

/** How much of the cluster an environment may take; computed from the most pods that `vault.scaling` allows. */
export const QuotaConfig = z
  .strictObject({
    headroomPercent: z
      .int()
      .min(0)
      .max(400)
      .optional()
      .describe('Beyond what the environment needs at its largest, 0 to 400 percent. Absent: 25.'),
    others: OtherPods.optional().describe('For pods of yours in the same namespace. Absent: none.'),
  })
  .describe(
    'A ResourceQuota in which the environment fits at its largest, and a LimitRange. Absent: neither.',
  );
export type QuotaConfig = z.infer<typeof QuotaConfig>;
