import type { ChainHead } from '../domain/audit-chain.ts';

/**
 * Where the chains of this run end on disk. Whoever commits tells it of each head once it is durable; anchors are made
 * of what it knows, and so of nothing that somebody has put into the database since.
 */
export class ChainHeads {
  /** Identifies this run of this replica; never used again. Its chains are `<run>/<lane>`. */
  readonly run: string;
  readonly #heads = new Map<string, ChainHead>();

  constructor(run: string) {
    this.run = run;
  }

  /** A chain has grown, and its head is on disk. */
  committed(head: ChainHead): void {
    this.#heads.set(head.writer, head);
  }

  current(): ChainHead[] {
    return [...this.#heads.values()];
  }
}
