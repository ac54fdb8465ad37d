import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.ts';

type Path = readonly PropertyKey[];

/**
 * Reads a YAML document as what `schema` says.
 * @param file shown in messages, such as `environments/dev/config.yaml`
 * @throws {ConfigError} with a place and a path for everything that is wrong, not only the first
 */
export function parseYaml<S extends z.ZodType>(file: string, text: string, schema: S): z.infer<S> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => ({ place: placeAt(error.pos[0]), path: '', message: error.message })),
    );
  }
  const result = schema.safeParse(document.toJS());
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.flatMap((issue) => problems(issue, document, placeAt)).sort(byPlace),
  );
}

/** A problem with a member of a document that was read before, at the place where it stands. */
export function problemAt(file: string, text: string, path: Path, message: string): ConfigProblem {
  const lines = new LineCounter();
  const { line, col } = lines.linePos(offsetOf(parseDocument(text, { lineCounter: lines }), path));
  return { place: `${file}:${line}:${col}`, path: path.join('.'), message };
}

function problems(
  issue: z.core.$ZodIssue,
  document: Document.Parsed,
  placeAt: (offset: number) => string,
): ConfigProblem[] {
  const problem = (path: Path, message: string): ConfigProblem => ({
    place: placeAt(offsetOf(document, path)),
    path: path.join('.'),
    message,
  });
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => problem([...issue.path, key], 'unknown member'));
  }
  const missing = !document.hasIn(issue.path);
  return [problem(issue.path, missing ? `is missing: ${describe(issue)}` : describe(issue))];
}

/** Zod's `Invalid input: expected string, received number` without the part that says nothing. */
function describe(issue: z.core.$ZodIssue): string {
  const said = issue.message.replace(/^Invalid [a-z]+: /, '').replace(/, received undefined$/, '');
  return said.replace(/^Too (small|big): /, '');
}

/** Where a member stands; for one that is missing, where its parent does. */
function offsetOf(document: Document.Parsed, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const node = length === 1 ? document.contents : parent;
    const found = memberOffset(node, path[length - 1]);
    if (found !== undefined) return found;
  }
  return isNode(document.contents) ? startOf(document.contents) : 0;
}

function memberOffset(parent: unknown, member: PropertyKey | undefined): number | undefined {
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(member));
    return isNode(pair?.key) ? startOf(pair.key) : undefined;
  }
  if (isNode(parent) && 'items' in parent && Array.isArray(parent.items) && typeof member === 'number') {
    const item: unknown = parent.items[member];
    return isNode(item) ? startOf(item) : undefined;
  }
  return undefined;
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return a.place.localeCompare(b.place, 'en', { numeric: true });
}
