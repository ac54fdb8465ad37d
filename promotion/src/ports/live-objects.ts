export interface LiveDifference {
  /** Such as `PaymentVault payments/payments`. */
  readonly object: string;
  /** Such as `is not there`. */
  readonly detail: string;
}

/** The cluster of an environment, asked itself and not by way of the syncer. */
export interface LiveObjects {
  /**
   * Which of the rendered objects are not in the cluster as they are rendered. It may look at some kinds alone.
   * @param rendered path -> text
   */
  differences(rendered: ReadonlyMap<string, string>): Promise<LiveDifference[]>;
}
