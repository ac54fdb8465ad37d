/** Something to order, with its share. Names tell equals apart and must differ. */
export interface Weighted<T> {
  readonly item: T;
  readonly name: string;
  readonly weight: number;
}

/**
 * A random order in which each comes first as often as its weight says, and second among the rest likewise
 * (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006). Weight 0 comes last.
 * The chance comes from the seed alone, and does not depend on the order of the input.
 */
export function weightedOrder<T>(items: readonly Weighted<T>[], seed: string): T[] {
  return items
    .map(({ item, name, weight }) => ({ item, name, rank: rankOf(`${seed}/${name}`, weight) }))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
    .map(({ item }) => item);
}

function rankOf(key: string, weight: number): number {
  return weight > 0 ? -Math.log(unitInterval(key)) / weight : Number.MAX_VALUE;
}

/** A number in (0, 1) that is spread evenly over different keys: FNV-1a, then the finalizer of MurmurHash3. */
function unitInterval(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
