export interface BurningSlo {
  /** Name of the alert. */
  readonly alert: string;
  readonly severity?: string | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  readonly summary?: string | undefined;
}

export interface SloState {
  /** Burn-rate alerts that are there and evaluated: with none, nothing is known. */
  readonly measured: number;
  readonly burning: readonly BurningSlo[];
}

/** Prometheus, or what stands in for it. */
export interface SloBurn {
  /** @throws {PromotionError} `slo_unreachable` */
  state(environment: string): Promise<SloState>;
}
