import { isDeepStrictEqual } from 'node:util';

/** The first difference, as a path and both values. */
export function difference(found: unknown, wanted: unknown, path = ''): string | undefined {
  if (isDeepStrictEqual(found, wanted)) return undefined;
  if (typeof found === 'object' && typeof wanted === 'object' && found !== null && wanted !== null) {
    for (const key of new Set([...Object.keys(found), ...Object.keys(wanted)])) {
      const inner = difference(
        (found as Record<string, unknown>)[key],
        (wanted as Record<string, unknown>)[key],
        `${path}/${key}`,
      );
      if (inner !== undefined) return inner;
    }
  }
  const text = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 200);
  return `${path}: ${text(found)} where ${text(wanted)} is wanted`;
}
