/**
 * Takes from `before` every part that `next` has as well. Most events change a status or a version, and what a cache
 * has held for long then stays where it is: replaced as a whole at each event, thousands of objects leave a heap that
 * is a third holes.
 *
 * @param next JSON that nobody else changes: its parts are replaced by equal ones
 * @returns `before` when both are equal, and else `next`
 */
export function keepEqualParts<V>(before: unknown, next: V): V {
  if (!isComposite(next) || !isComposite(before)) return before === next ? (before as V) : next;
  if ((before as object) === next || Array.isArray(before) !== Array.isArray(next)) return next;
  const names = Object.keys(next);
  const parts: Record<string, unknown> = next;
  let isSame = names.length === Object.keys(before).length;
  for (const name of names) {
    if (!Object.hasOwn(before, name)) {
      isSame = false;
      continue;
    }
    const part = keepEqualParts(before[name], parts[name]);
    parts[name] = part;
    isSame &&= part === before[name];
  }
  return isSame ? (before as V) : next;
}

function isComposite(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
