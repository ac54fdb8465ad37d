import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnyNode, type Node, parse } from 'acorn';
import { full, fullAncestor } from 'acorn-walk';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A TypeScript file: its path from the root, its text, and what the structure rules look at. */
export interface Source {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly string[];
  /** Those of the imports that are for types alone, and gone when the code runs. */
  readonly typeImports: readonly string[];
  readonly functions: readonly { name: string; line: number; lines: number }[];
  /** Dotted names that the code reads, such as `process.env` or `Math.random`. */
  readonly names: ReadonlySet<string>;
}

const skipped = new Set(['node_modules', '.git', '.cofferdam', 'conformance', 'rendered', 'coverage']);

/** Every `.ts` file of the project, parsed. */
export function readSources(): Source[] {
  return files(root)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readSource(path));
}

function files(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

function readSource(path: string): Source {
  const text = readFileSync(path, 'utf8');
  // Stripping leaves blanks where types stood, so line numbers stay those of the file.
  const tree = parse(stripTypeScriptTypes(text), {
    ecmaVersion: 'latest',
    sourceType: 'module',
    locations: true,
    allowHashBang: true,
  });
  const imports: string[] = [];
  const functions: { name: string; line: number; lines: number }[] = [];
  const names = new Set<string>();
  const nested = new Map<Node, number>();
  full(tree, (node) => {
    imports.push(...importOf(node as AnyNode));
    const name = dottedName(node as AnyNode);
    if (name !== undefined) names.add(name);
  });
  fullAncestor(tree, (node, _state, ancestors) => {
    if (!isFunction(node as AnyNode) || !node.loc) return;
    const line = node.loc.start.line;
    functions.push({ name: functionName(node as AnyNode, line), line, lines: ownLines(node, nested) });
    const parent = ancestors.slice(0, -1).findLast((ancestor) => isFunction(ancestor as AnyNode));
    if (parent) nested.set(parent, (nested.get(parent) ?? 0) + node.loc.end.line - line);
  });
  return {
    path: relative(root, path),
    lines: text.trimEnd().split('\n').length,
    imports: [...new Set([...imports, ...typeImports(text)])],
    typeImports: typeImports(text).filter((from) => !imports.includes(from)),
    functions,
    names,
  };
}

/** `import type` is gone after stripping, but it binds two workspaces all the same. */
function typeImports(text: string): string[] {
  return [...text.matchAll(/^(?:import|export) type [^'"]*? from ['"]([^'"]+)['"]/gm)].map(
    ([, from]) => from ?? '',
  );
}

function importOf(node: AnyNode): string[] {
  const from =
    node.type === 'ImportDeclaration' ||
    node.type === 'ExportNamedDeclaration' ||
    node.type === 'ExportAllDeclaration' ||
    node.type === 'ImportExpression'
      ? node.source
      : null;
  return from?.type === 'Literal' && typeof from.value === 'string' ? [from.value] : [];
}

function dottedName(node: AnyNode): string | undefined {
  if (node.type === 'NewExpression' && node.callee.type === 'Identifier' && node.arguments.length === 0) {
    return `new ${node.callee.name}`;
  }
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return undefined;
  return node.property.type === 'Identifier' ? `${node.object.name}.${node.property.name}` : undefined;
}

/** Lines of a function without those of the functions inside it: a factory is as long as a class is. */
function ownLines(node: Node, nested: ReadonlyMap<Node, number>): number {
  return node.loc ? node.loc.end.line - node.loc.start.line + 1 - (nested.get(node) ?? 0) : 0;
}

function isFunction(node: AnyNode): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);
}

function functionName(node: AnyNode, line: number): string {
  return node.type === 'FunctionDeclaration' && node.id ? node.id.name : `line ${line}`;
}
