import { z } from 'zod';
import { withRules } from './schema-rules.ts';

const Quantities = z.strictObject({
  cpu: z
    .string()
    .max(16)
    .regex(/^[0-9]+(\.[0-9]+)?m?$/)
    .optional()
    .describe('Cores, such as `500m` or `2`.'),
  memory: z
    .string()
    .max(16)
    .regex(/^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|k|M|G)?$/)
    .optional()
    .describe('Bytes, such as `256Mi`.'),
});

/** What each container asks for, and may have. */
export const Resources = z.strictObject({ requests: Quantities.optional(), limits: Quantities.optional() });

/** Number and size of the pods of one component. */
export const ComponentScaling = withRules(
  z.strictObject({
    minReplicas: z
      .int()
      .min(1)
      .max(200)
      .optional()
      .describe('Fewest pods, 1 to 200. Absent: 2, or maxReplicas where that is less.'),
    maxReplicas: z
      .int()
      .min(1)
      .max(200)
      .optional()
      .describe(
        'Most pods, 1 to 200; equal to minReplicas: no autoscaler. Absent: the effective minReplicas.',
      ),
    targetCpuUtilizationPercent: z
      .int()
      .min(10)
      .max(95)
      .optional()
      .describe('Share of the requested CPU at which pods are added, 10 to 95 percent. Absent: 70.'),
    resources: Resources.optional().describe(
      'Of each container. Absent: requests of 100m and 192Mi, a memory limit of 512Mi.',
    ),
  }),
  {
    rule: '!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas',
    message: 'minReplicas must not exceed maxReplicas',
    fieldPath: '.maxReplicas',
  },
);

export const Scaling = z
  .strictObject({
    vault: ComponentScaling.optional(),
    router: ComponentScaling.optional(),
    connectors: ComponentScaling.optional().describe('Of each PSPConnector of this vault.'),
  })
  .describe('Number and size of the pods.');
export type Scaling = z.infer<typeof Scaling>;
