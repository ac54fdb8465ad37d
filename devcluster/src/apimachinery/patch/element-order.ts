import { isObject, sameJson } from '../json.ts';

/** The member that tells items apart; undefined for lists of primitives. */
export type MergeKey = string | undefined;

export function sameItem(a: unknown, b: unknown, mergeKey: MergeKey): boolean {
  if (mergeKey === undefined) return sameJson(a, b);
  return isObject(a) && isObject(b) && Object.hasOwn(a, mergeKey) && sameJson(a[mergeKey], b[mergeKey]);
}

/** The items in the order that another list has them; items that it lacks come last. */
export function orderBy(items: readonly unknown[], order: readonly unknown[], mergeKey: MergeKey): unknown[] {
  const place = (item: unknown) => {
    const at = order.findIndex((other) => sameItem(item, other, mergeKey));
    return at < 0 ? order.length : at;
  };
  return items
    .map((item) => ({ item, at: place(item) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/**
 * Puts items that only the server has among those of the patch: both keep their own order, and a server's item
 * comes before a patched one if it did so in the live list. Follows `mergeSortedSlice` of Kubernetes' strategicpatch,
 * because clients see the order.
 */
export function mergeInOrder(
  serverOnly: readonly unknown[],
  patched: readonly unknown[],
  { order, mergeKey }: { order: readonly unknown[]; mergeKey: MergeKey },
): unknown[] {
  const place = (item: unknown) => order.findIndex((other) => sameItem(item, other, mergeKey));
  const result: unknown[] = [];
  let [i, j] = [0, 0];
  while (i < serverOnly.length && j < patched.length) {
    const [left, right] = [place(serverOnly[i]), place(patched[j])];
    result.push(left >= 0 && right >= 0 && left < right ? serverOnly[i++] : patched[j++]);
  }
  return [...result, ...serverOnly.slice(i), ...patched.slice(j)];
}
