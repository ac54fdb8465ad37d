import type { LabelSelector, Labels } from './world.ts';

/** Kubernetes' label selectors: every requirement has to hold, and an empty selector matches everything. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          // Holds for what lacks the label, too.
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          return false;
      }
    })
  );
}

/** `app=shop,tier=web`, as kubectl's `-l` writes equality; undefined for anything else. */
export function parseSelector(text: string): Labels | undefined {
  const pairs = text.split(',').map((pair) => /^([\w./-]+)==?([\w.-]*)$/.exec(pair));
  if (!pairs.every((pair) => pair !== null)) return undefined;
  return Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value]));
}
