/** What is wrong with an audit trail. */
export interface Finding {
  kind: FindingKind;
  writer?: string;
  position?: number;
  /** Hash of the anchor concerned. */
  anchor?: string;
  /** What was found, for a person. */
  message: string;
}

export type FindingKind =
  /** A row is not what its hash, or the row after it, was made of. */
  | 'altered'
  /** A position between two others is not there. */
  | 'missing'
  /** The end of a chain, or all of it, is not there: an anchor names a later position. */
  | 'truncated'
  /** A position comes twice, or after a later one. */
  | 'out_of_order'
  /** The chain fits together, and is not the one that was anchored. */
  | 'rewritten'
  /** Rows that no anchor covers although later ones were made, or that follow the end of their writer's run. */
  | 'inserted'
  | 'anchor_altered'
  | 'anchor_foreign'
  | 'anchor_not_authentic'
  | 'anchor_forked'
  | 'anchor_missing';
