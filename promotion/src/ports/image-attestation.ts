export interface ImageEvidence {
  /** `registry/name@sha256:<64 hex digits>`. */
  readonly image: string;
  /** Signed by the identity that the settings name. */
  readonly signed: boolean;
  /** Its provenance is attested by that identity. */
  readonly attested: boolean;
  /** Commit that it was built from, as its provenance says. */
  readonly sourceRevision?: string | undefined;
  /** Why it is not signed or not attested, in the tool's words. */
  readonly problem?: string | undefined;
}

/** cosign and `gh attestation`, or what stands in for them. */
export interface ImageAttestation {
  /**
   * Evidence for each image, in the order given. An image that does not hold up is an answer and no error.
   * @throws {PromotionError} `verifier_missing` when the tool cannot be run, `verifier_unreachable` when it cannot tell
   */
  evidence(images: readonly string[]): Promise<ImageEvidence[]>;
  /** The same without signatures: who built it, and from what. */
  provenance(images: readonly string[]): Promise<Omit<ImageEvidence, 'signed'>[]>;
}
