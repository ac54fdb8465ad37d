/** Days over which an objective counts where nothing else is said. */
export const DEFAULT_WINDOW_DAYS = 30;

/**
 * How fast an error budget may go before somebody is told: the share of the whole window's budget that is gone within
 * `long`. It has to hold over `short` as well, so that an alert ends soon after its cause.
 */
export interface BurnRate {
  /** critical wakes somebody; warning is a ticket. */
  readonly severity: 'critical' | 'warning';
  readonly budgetPercent: number;
  readonly long: Window;
  readonly short: Window;
}

/** Google's SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts": 14.4, 6, 3 and 1 times, with 30 days. */
export const BURN_RATES: readonly BurnRate[] = [
  { severity: 'critical', budgetPercent: 2, long: '1h', short: '5m' },
  { severity: 'critical', budgetPercent: 5, long: '6h', short: '30m' },
  { severity: 'warning', budgetPercent: 10, long: '1d', short: '2h' },
  { severity: 'warning', budgetPercent: 10, long: '3d', short: '6h' },
];

const HOURS = { '5m': 1 / 12, '30m': 0.5, '1h': 1, '2h': 2, '6h': 6, '1d': 24, '3d': 72 } as const;
export type Window = keyof typeof HOURS;

/** Every window that a rule looks at, the shortest first. */
export const WINDOWS = Object.keys(HOURS) as readonly Window[];

/** The rate at which the budget goes, as a multiple of the one at which it would last exactly the whole window. */
export function burnFactor({ budgetPercent, long }: BurnRate, windowDays: number): number {
  return rounded(((budgetPercent / 100) * windowDays * 24) / HOURS[long]);
}

/** The share that may be bad: 0.0005 for an objective of 99.95 percent. */
export function errorBudget(objectivePercent: number): number {
  return rounded(1 - objectivePercent / 100);
}

/** Without the noise of binary fractions: these numbers are read by people. */
const rounded = (value: number): number => Number(value.toPrecision(6));
