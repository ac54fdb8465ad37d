import { DURATION_BUCKETS_SECONDS } from '@cofferdam/contracts';
import { z } from 'zod';
import { BURN_RATES, burnFactor, DEFAULT_WINDOW_DAYS, errorBudget } from '../slo/burn-rates.ts';

/** What a latency can be measured against: the bounds of the services' histograms, milliseconds. */
const MEASURABLE_MILLISECONDS = DURATION_BUCKETS_SECONDS.map((seconds) => seconds * 1000);

const objectivePercent = z
  .number()
  .min(90)
  .max(99.999)
  .describe('Share that has to be good, 90 to 99.999 percent.');

const Availability = z.strictObject({ objectivePercent }).describe('Requests that do not end in a 5xx.');

const Latency = z
  .strictObject({
    objectivePercent,
    thresholdMilliseconds: z
      .literal(MEASURABLE_MILLISECONDS)
      .describe(`One of ${MEASURABLE_MILLISECONDS.join(', ')}.`),
  })
  .describe('Requests that are answered within the threshold, those that end in a 5xx left out.');

const Age = z.strictObject({
  objectivePercent,
  thresholdSeconds: z.int().min(1).max(604_800).describe('Seconds, up to a week.'),
});

/** `slos` of `environments/<env>/config.yaml`: what the environment promises, and over how many days. */
export const SlosConfig = z
  .strictObject({
    windowDays: z
      .int()
      .min(28)
      .max(90)
      .optional()
      .describe(`Days over which each objective counts, 28 to 90. Absent: ${DEFAULT_WINDOW_DAYS}.`),
    availability: z
      .strictObject({ vault: Availability.optional(), router: Availability.optional() })
      .optional(),
    latency: z.strictObject({ vault: Latency.optional(), router: Latency.optional() }).optional(),
    outboxLag: Age.optional().describe(
      'Time during which the event that the broker gets next has waited no longer than the threshold.',
    ),
    unknownAge: Age.optional().describe(
      'Time during which no payment has been unknown for longer than the threshold.',
    ),
  })
  .superRefine(({ windowDays = DEFAULT_WINDOW_DAYS, ...slos }, context) => {
    const given: [path: string[], { objectivePercent: number } | undefined][] = [
      [['availability', 'vault'], slos.availability?.vault],
      [['availability', 'router'], slos.availability?.router],
      [['latency', 'vault'], slos.latency?.vault],
      [['latency', 'router'], slos.latency?.router],
      [['outboxLag'], slos.outboxLag],
      [['unknownAge'], slos.unknownAge],
    ];
    const fastest = Math.max(...BURN_RATES.map((rate) => burnFactor(rate, windowDays)));
    for (const [path, slo] of given) {
      if (slo === undefined || fastest * errorBudget(slo.objectivePercent) < 1) continue;
      context.addIssue({
        code: 'custom',
        path: [...path, 'objectivePercent'],
        message: `could never page: with ${windowDays} days a page wants ${Math.round(fastest * 10) / 10} times the allowed errors, which is more than all; wanted ${lowestObjective(fastest)} or more`,
      });
    }
  });
export type SlosConfig = z.infer<typeof SlosConfig>;

const lowestObjective = (fastest: number): number => Math.ceil((1 - 1 / fastest) * 1000) / 10;
