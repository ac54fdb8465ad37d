/** After so many that were new, the next are taken to be new as well. A batch is 256 at most. */
const STREAK = 512;

/**
 * Whether to look before writing. Where nearly everything is new (cards are moved in, guests pay), looking first finds
 * nothing, and unique keys find what there is after all: the batch is rolled back then, and looked up. That costs a
 * written batch, so that it may not happen often: one request that is known, and the next 512 are looked up again.
 */
export class Novelty {
  #streak = 0;

  get isLikely(): boolean {
    return this.#streak >= STREAK;
  }

  /** What looking has found. */
  seen(requests: number, known: number): void {
    this.#streak = known === 0 ? this.#streak + requests : 0;
  }

  /** Something went wrong without having looked. */
  doubt(): void {
    this.#streak = 0;
  }
}
