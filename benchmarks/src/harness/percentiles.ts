/** By nearest rank: a value that did occur. Null for no samples. */
export function percentile(samples: readonly number[], share: number): number | null {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** The three that every report gives, milliseconds with one decimal. */
export function percentiles(
  samplesMs: readonly number[],
): Record<'p50Ms' | 'p99Ms' | 'p999Ms', number | null> {
  const at = (share: number) => round(percentile(samplesMs, share), 1);
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) };
}

export function round(value: number, digits?: number): number;
export function round(value: number | null, digits?: number): number | null;
export function round(value: number | null, digits = 2): number | null {
  return value === null ? null : Math.round(value * 10 ** digits) / 10 ** digits;
}
