export interface BurningSlo {
  /** Name of the alert. */
  readonly alert: string;
  readonly summary?: string | undefined;
}

export interface SloState {
  /** Burn-rate alerts that are there and evaluated: with none, nothing is known. */
  readonly measured: number;
  /** Those that are there and fail, or were not evaluated for long: they would not fire, whatever happened. */
  readonly unevaluated: number;
  readonly burning: readonly BurningSlo[];
}

/** Prometheus, or what stands in for it. */
export interface SloBurn {
  /** @throws {PromotionError} `slo_unreachable` */
  state(environment: string): Promise<SloState>;
}
