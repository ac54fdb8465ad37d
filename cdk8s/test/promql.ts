import { parser } from '@prometheus-io/lezer-promql';
import { documentedMetrics } from './documented-metrics.ts';

/** What every scrape adds, as docs/metrics.md says. */
const OF_TARGETS = ['namespace', 'pod', 'service', 'container', 'endpoint', 'instance', 'job'];
/** Of Prometheus itself. */
const BUILT_IN: readonly (readonly [string, readonly string[]])[] = [
  ['up', OF_TARGETS],
  ['ALERTS', ['alertname', 'alertstate', 'severity', 'environment', 'namespace', 'slo']],
];

const known: ReadonlyMap<string, readonly string[]> = new Map([
  ...BUILT_IN,
  ...documentedMetrics().flatMap(({ name, type, labels }): [string, readonly string[]][] => {
    const all = [...labels, ...OF_TARGETS];
    if (type !== 'histogram') return [[name, all]];
    return [
      [`${name}_bucket`, [...all, 'le']],
      [`${name}_count`, all],
      [`${name}_sum`, all],
    ];
  }),
]);

type Node = ReturnType<typeof parser.parse>['topNode'];

/**
 * What is wrong with an expression: that it is none, or that it names a metric or a label of a metric which
 * docs/metrics.md does not have. `$__rate_interval` is a duration of Grafana's.
 * @param legend of a panel, whose `{{label}}`s have to be labels of the expression's metrics
 */
export function problemsOf(expression: string, legend = ''): string[] {
  const text = expression.replaceAll('$__rate_interval', '5m');
  const top = parser.parse(text).topNode;
  const of = (node: Node) => text.slice(node.from, node.to);
  if (isBroken(top)) return [`does not parse: ${expression}`];
  const selectors = (node: Node) =>
    descendants(node, 'VectorSelector').map((selector) => metricOf(selector, of));
  const labelsOf = (node: Node) => selectors(node).flatMap((metric) => known.get(metric) ?? []);
  const missing = (labels: readonly string[], within: Node, where: string) =>
    labels
      .filter((label) => !labelsOf(within).includes(label))
      .map((label) => `${where} has no label ${label}`);
  return [
    ...selectors(top).flatMap((metric) => (known.has(metric) ? [] : [`no metric ${metric}`])),
    ...descendants(top, 'VectorSelector').flatMap((selector) =>
      missing(labelNames(selector, of), selector, metricOf(selector, of)),
    ),
    ...['AggregateExpr', 'BinaryExpr'].flatMap((kind) =>
      descendants(top, kind).flatMap((node) => missing(groupedBy(node, of), node, of(node))),
    ),
    ...missing(
      [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
      top,
      expression,
    ),
  ];
}

type TextOf = (node: Node) => string;

const metricOf = (selector: Node, of: TextOf): string => {
  const name = selector.getChild('Identifier');
  return name === null ? of(selector) : of(name);
};

const labelNames = (node: Node, of: TextOf): string[] => descendants(node, 'LabelName').map(of);

/** Labels of `by (...)` or `on (...)` of this node itself. */
function groupedBy(node: Node, of: TextOf): string[] {
  const clauses = [...node.getChildren('AggregateModifier'), ...node.getChildren('MatchingModifierClause')];
  return clauses.flatMap((clause) => labelNames(clause, of));
}

function descendants(node: Node, name: string): Node[] {
  const found: Node[] = [];
  node.cursor().iterate((one) => {
    if (one.name === name) found.push(one.node);
  });
  return found;
}

function isBroken(node: Node): boolean {
  let broken = false;
  node.cursor().iterate((one) => {
    broken ||= one.type.isError;
  });
  return broken;
}
