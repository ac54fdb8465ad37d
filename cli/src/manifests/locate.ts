import { isMap, isNode, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { ManifestDocument } from './read.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Where a field stands, counted from 1. A field that is missing is pointed at by what it is missing from.
 * @param field as the API server writes it: `spec.accounts[0].name`; empty for the whole document
 */
export function locate({ document, lines }: ManifestDocument, field: string): Position {
  let node: unknown = document.contents;
  let at = startOf(document.contents);
  let rest = field;
  for (;;) {
    const step = enter(node, rest);
    if (step === undefined) break;
    node = step.value;
    at = startOf(step.shown) ?? at;
    rest = step.rest;
  }
  const { line, col } = lines.linePos(at ?? 0);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

interface Step {
  value: unknown;
  /** What a reader looks for: the key of a member, an item of a list. */
  shown: unknown;
  rest: string;
}

function enter(node: unknown, path: string): Step | undefined {
  if (isSeq(node)) {
    const index = /^\[(\d+)\]/.exec(path);
    const item = index === null ? undefined : node.items[Number(index[1])];
    return index === null || item === undefined
      ? undefined
      : { value: item, shown: item, rest: path.slice(index[0].length) };
  }
  if (!isMap(node)) return undefined;
  const text = path.replace(/^\./, '');
  // A key may hold dots itself (a label): the longest one that fits is meant.
  const candidates = node.items
    .map((pair) => ({ pair, rest: restAfter(text, keyOf(pair)) }))
    .filter((found): found is { pair: Pair; rest: string } => found.rest !== undefined)
    .sort((a, b) => a.rest.length - b.rest.length);
  const [best] = candidates;
  return best && { value: best.pair.value, shown: best.pair.key, rest: best.rest };
}

function restAfter(path: string, key: string): string | undefined {
  if (key === '') return undefined;
  if (path.startsWith(`[${key}]`)) return path.slice(key.length + 2);
  if (!path.startsWith(key)) return undefined;
  const rest = path.slice(key.length);
  return rest === '' || rest.startsWith('.') || rest.startsWith('[') ? rest : undefined;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : '';
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}
