import type { Machine } from './machine.ts';

/** One thing that was measured. What a rate or a percentile makes no sense for is null. */
export type Result = {
  name: string;
  ratePerSecond: number | null;
  p50Ms: number | null;
  p99Ms: number | null;
  p999Ms: number | null;
  errors: number;
  /** Further figures, units last: `rssPeakMiB`, `writesPerVault`. */
  [figure: string]: string | number | null;
};

export type Target = {
  name: string;
  /** For people: `< 2000 ms`. */
  wanted: string;
  measured: number | null;
  met: boolean;
};

/** What a scenario found out. That a target is missed is a finding too; an invalid measurement is thrown instead. */
export type Findings = {
  settings: Record<string, unknown>;
  results: Result[];
  targets: Target[];
  /** What was found to be wrong, each with what repeats it. Left out by scenarios that only measure. */
  problems?: string[];
};

/** What `npm run bench -- <scenario> --json` prints. */
export type Report = { scenario: string; machine: Machine } & Findings;

/** @param measured null when it was not measured, which meets nothing */
export function below(name: string, limit: { value: number; unit: string }, measured: number | null): Target {
  return {
    name,
    wanted: `< ${limit.value} ${limit.unit}`.trim(),
    measured,
    met: measured !== null && measured < limit.value,
  };
}

export function exactly(name: string, value: number, measured: number | null): Target {
  return { name, wanted: `${value}`, measured, met: measured === value };
}

export function atLeast(
  name: string,
  limit: { value: number; unit: string },
  measured: number | null,
): Target {
  return {
    name,
    wanted: `>= ${limit.value} ${limit.unit}`.trim(),
    measured,
    met: measured !== null && measured >= limit.value,
  };
}
