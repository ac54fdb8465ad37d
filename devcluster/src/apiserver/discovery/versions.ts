/** Stable versions first, then beta, then alpha; the newest of each first. */
export function compareVersions(a: string, b: string): number {
  const rank = (text: string): [number, number, number] => {
    const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text);
    if (found === null) return [-1, 0, 0];
    const stage = found[2] === undefined ? 2 : found[2] === 'beta' ? 1 : 0;
    return [stage, Number(found[1]), Number(found[3] ?? 0)];
  };
  const [x, y] = [rank(a), rank(b)];
  return y[0] - x[0] || y[1] - x[1] || y[2] - x[2] || (a < b ? -1 : 1);
}
