// Whoever verifies has to hash as we do: the chain is part of the contract.
export {
  type AuditEntry,
  type AuditLink,
  type ChainHead,
  emptyChain,
  firstBrokenLink,
  link,
} from '@cofferdam/contracts/audit';
