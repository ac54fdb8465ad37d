export {
  ANCHOR_PURPOSE,
  AnchoredHead,
  type AnchorStatement,
  AuditAnchor,
  anchorContext,
  anchorHash,
  hashedAnchor,
  keyMark,
  nameOf,
} from './anchor.ts';
export { type AnchorCheck, type JudgedAnchors, judgeAnchors } from './anchor-set.ts';
export {
  type AuditEntry,
  type AuditLink,
  type ChainHead,
  emptyChain,
  firstBrokenLink,
  link,
} from './chain.ts';
export type { Finding, FindingKind } from './finding.ts';
export { AuditRow, toHex, toRow } from './row.ts';
export { encodeTuple } from './tuple.ts';
export { type AuditReport, AuditVerifier } from './verifier.ts';
