const DECIMAL = /^[1-9]\d*$/;

/**
 * Compares two resource versions of one resource type: negative when `a` is older. Since Kubernetes 1.35 (KEP-5504)
 * clients may: they are decimal numbers that grow, of any length. `undefined` where a server has others.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** Whether `seen` is `wanted` or newer. Versions that cannot be compared are no proof, unless they are equal. */
export function isAtLeast(seen: string | undefined, wanted: string): boolean {
  return seen !== undefined && (compareVersions(seen, wanted) ?? -1) >= 0;
}
