import { z } from 'zod';

export const Limits = z
  .strictObject({
    requestsPerSecond: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Requests to the PSP per second and pod, 1 to 10000. Absent: no limit.'),
    concurrency: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Requests to the PSP at the same time, per pod, 1 to 10000. Absent: 256.'),
  })
  .describe('How much the PSP is asked for; beyond it payments go to the next connector.');

const CircuitBreaker = z
  .strictObject({
    failurePercent: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('Share of failed requests in the window that opens it, 1 to 100 percent. Absent: 50.'),
    minimumRequests: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('Requests in the window before it can open, 1 to 10000. Absent: 20.'),
    windowSeconds: z
      .int()
      .min(1)
      .max(600)
      .optional()
      .describe('Length of the sliding window in seconds, 1 to 600. Absent: 30.'),
    openSeconds: z
      .int()
      .min(1)
      .max(3600)
      .optional()
      .describe('Seconds that it stays open before a probe, 1 to 3600. Absent: 15.'),
    halfOpenProbes: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('Probes that must succeed before it closes, 1 to 100. Absent: 3.'),
  })
  .describe('Fed only by errors of the PSP itself; a declined card is not one.');

export const Resilience = z.strictObject({
  timeoutMilliseconds: z
    .int()
    .min(500)
    .max(120_000)
    .optional()
    .describe(
      'Milliseconds to wait for the PSP, 500 to 120000; after that the outcome is unknown, and no other PSP is tried. Absent: 10000.',
    ),
  circuitBreaker: CircuitBreaker.optional(),
});
