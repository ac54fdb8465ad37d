const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/**
 * The name by which rules call a property: Kubernetes escapes what CEL could not read.
 *
 * @returns undefined for names that rules cannot reach
 */
export function fieldName(property: string): string | undefined {
  if (RESERVED.has(property)) return `__${property}__`;
  const escaped = property
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}
