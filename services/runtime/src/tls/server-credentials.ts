import type { KeyPair, ServingPair } from './key-pair.ts';

/** What our servers show at the moment; each new connection gets the newest. */
export interface ServerCredentials {
  current(): KeyPair;
  /** Calls back with each pair that takes the place of another. @returns what ends that */
  onChange(listener: (pair: KeyPair) => void): () => void;
  /** End of the certificate's life; undefined while there is none that a client would trust. */
  expiresAt(): Date | undefined;
  /** What stands between us and a fresh certificate, also while an older one still serves. */
  problem(): string | undefined;
  close(): void;
}

/** The part that all sources of credentials share: the newest pair, and who wants to hear of the next one. */
export class Held {
  readonly #listeners = new Set<(pair: KeyPair) => void>();
  #pair: KeyPair | ServingPair;

  constructor(pair: KeyPair | ServingPair) {
    this.#pair = pair;
  }

  readonly current = (): KeyPair => this.#pair;
  readonly expiresAt = (): Date | undefined => ('notAfter' in this.#pair ? this.#pair.notAfter : undefined);

  readonly onChange = (listener: (pair: KeyPair) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  replace(pair: ServingPair): void {
    this.#pair = pair;
    for (const listener of this.#listeners) listener(pair);
  }
}
