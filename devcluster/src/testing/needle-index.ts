import type { Needle } from './encodings.ts';

/** Looks for all needles in one pass, where one pass for each would take hundreds. */
export class NeedleIndex {
  /** By the first two bytes: whether a needle begins so. */
  readonly #begins = new Uint8Array(1 << 16);
  readonly #byBeginning = new Map<number, Needle[]>();

  /** @param needles of two bytes at least */
  constructor(needles: readonly Needle[]) {
    for (const needle of needles) {
      const beginning = needle.bytes.readUInt16BE(0);
      this.#begins[beginning] = 1;
      const others = this.#byBeginning.get(beginning);
      if (others) others.push(needle);
      else this.#byBeginning.set(beginning, [needle]);
    }
  }

  /** Each needle that is there, with the first place in which it is. */
  findIn(bytes: Buffer): { needle: Needle; offset: number }[] {
    const found = new Map<Needle, number>();
    let beginning = bytes[0] ?? 0;
    for (let at = 1; at < bytes.length; at++) {
      beginning = ((beginning << 8) & 0xff00) | (bytes[at] ?? 0);
      if (this.#begins[beginning] === 0) continue;
      for (const needle of this.#byBeginning.get(beginning) ?? []) {
        const [offset, end] = [at - 1, at - 1 + needle.bytes.length];
        // The last byte first: that alone leaves few to be compared.
        if (bytes[end - 1] !== needle.bytes.at(-1) || found.has(needle)) continue;
        if (bytes.compare(needle.bytes, 0, needle.bytes.length, offset, end) === 0) found.set(needle, offset);
      }
    }
    return [...found].map(([needle, offset]) => ({ needle, offset }));
  }
}
