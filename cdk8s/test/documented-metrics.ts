import { readFileSync } from 'node:fs';

export interface DocumentedMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
}

const ROW = /^\| (?<names>`[^|]+`) \| (?<type>counter|gauge|histogram) \| (?<labels>[^|]*)\| /;

/** The tables of docs/metrics.md. In `labels`, what stands behind a colon are values. */
export function documentedMetrics(): DocumentedMetric[] {
  const text = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => {
    const { names, type, labels = '' } = ROW.exec(line)?.groups ?? {};
    if (names === undefined) return [];
    return quoted(names).map((name) => ({
      name,
      type: type as DocumentedMetric['type'],
      labels: labels.split(';').flatMap((part) => quoted(part.split(':')[0] ?? '')),
    }));
  });
}

const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
