/**
 * Upper bounds of the buckets of every `*_duration_seconds` histogram, seconds: a vault's write is a few
 * milliseconds, a PSP's answer a few seconds. A latency can be measured against one of these and no other.
 */
export const DURATION_BUCKETS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;
