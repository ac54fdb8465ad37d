/** A histogram's quantile, by labels. */
export function quantile(q: number, { name, selector, by = [] }: Histogram): string {
  const labels = ['le', ...by].join(', ');
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${name}_bucket{${selector}}[$__rate_interval])))`;
}

export interface Histogram {
  /** Without `_bucket`. */
  readonly name: string;
  readonly selector: string;
  readonly by?: readonly string[];
}

/** Per second. */
export function perSecond(metric: string, selector: string, by: readonly string[]): string {
  return `sum by (${by.join(', ')}) (rate(${metric}{${selector}}[$__rate_interval]))`;
}

/** The share that `part` is of all, 0 to 1; 0 while the part has no series yet. */
export function share(metric: string, selector: string, part: string): string {
  const rate = (of: string) => `sum(rate(${metric}{${of}}[$__rate_interval]))`;
  return `(${rate(`${selector},${part}`)} or vector(0)) / ${rate(selector)}`;
}
