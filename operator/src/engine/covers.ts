/**
 * Whether `actual` has everything that `wanted` says. The API server adds defaults, and others may add fields
 * and named list items (an injected sidecar): neither is a difference.
 */
export function covers(actual: unknown, wanted: unknown): boolean {
  // An empty list is left out where the field may be left out.
  if (Array.isArray(wanted) && wanted.length === 0 && actual === undefined) return true;
  if (Array.isArray(wanted)) return Array.isArray(actual) && coversList(actual, wanted);
  if (typeof wanted !== 'object' || wanted === null) return Object.is(actual, wanted);
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual))
    return isEmpty(wanted) && actual === undefined;
  return Object.entries(wanted).every(
    ([key, value]) => value === undefined || covers((actual as Record<string, unknown>)[key], value),
  );
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function coversList(actual: readonly unknown[], wanted: readonly unknown[]): boolean {
  // Of an empty list nobody knows what its items would be: `ingress: []` allows nothing, and must not cover a rule.
  const named = wanted.length > 0 && wanted.every((item) => nameOf(item) !== undefined);
  if (named) {
    return wanted.every((item) =>
      actual.some((other) => nameOf(other) === nameOf(item) && covers(other, item)),
    );
  }
  return actual.length === wanted.length && wanted.every((item, at) => covers(actual[at], item));
}

function nameOf(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return undefined;
  return (item as { name?: unknown }).name;
}
