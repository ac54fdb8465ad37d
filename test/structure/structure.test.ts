import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import ratchet from './ratchet.json' with { type: 'json' };
import { readSources, root, type Source } from './sources.ts';

const FILE_LINES = 400;
const FUNCTION_LINES = 80;

/** Folders of pure functions: same input, same output, nothing else touched. */
const PURE = [
  /^operator\/src\/(desired|status|network)\//,
  /^services\/[^/]+\/src\/domain\//,
  /^devcluster\/src\/apimachinery\//,
  /^crds\/src\/(?!generate)/,
  /^promotion\/src\/domain\//,
];
/** Nondeterminism and side effects that a pure file must be given as a parameter instead. */
const IMPURE_NAMES = [
  'process.env',
  'Date.now',
  'new Date',
  'Math.random',
  'crypto.randomUUID',
  'performance.now',
];
/** Modules that compute and touch nothing. */
const PURE_MODULES = [
  'node:crypto',
  'node:buffer',
  'zod',
  'yaml',
  '@marcbachmann/cel-js',
  // Tables of the built-in kinds' fields.
  '@kubernetes/client-node/dist/gen/models/all.js',
];

interface Workspace {
  directory: string;
  name: string;
  dependencies: Set<string>;
  devDependencies: Set<string>;
}

const sources = readSources();
const workspaces = readWorkspaces();

describe('structure', () => {
  it('a workspace imports only what its own package.json declares', () => {
    expect(sources.flatMap((source) => undeclaredImports(source))).toEqual([]);
  });

  it('a workspace reaches another by its package name, never by a path', () => {
    const escaping = sources.flatMap((source) => {
      const home = workspaceOf(source)?.directory;
      if (home === undefined) return [];
      return source.imports
        .filter((from) => from.startsWith('.') && !join(source.path, '..', from).startsWith(`${home}/`))
        .map((from) => `${source.path} imports ${from}`);
    });
    expect(escaping).toEqual([]);
  });

  it('devcluster/ is imported by the CLI, tests and benchmarks alone', () => {
    const allowed = /^(devcluster|cli|benchmarks|test)\/|\/test\//;
    const offenders = sources
      .filter(({ path }) => !allowed.test(path))
      .filter(({ imports }) => imports.some((from) => from.startsWith('@cofferdam/devcluster')))
      .map(({ path }) => path);
    expect(offenders).toEqual([]);
  });

  it('pure folders import no client and use no clock, environment or randomness', () => {
    const offences = sources
      .filter(({ path }) => PURE.some((folder) => folder.test(path)))
      .flatMap((source) => [
        ...IMPURE_NAMES.filter((name) => source.names.has(name)).map((name) => `${source.path} uses ${name}`),
        ...source.imports
          .filter((from) => !isPureImport(from) && !source.typeImports.includes(from))
          .map((from) => `${source.path} imports ${from}`),
      ]);
    expect(offences).toEqual(ratchet.impure);
  });

  it('only main.ts and config.ts read the environment', () => {
    const readers = sources
      .filter(({ path, names }) => path.includes('/src/') && names.has('process.env'))
      .map(({ path }) => path)
      .filter((path) => !/\/(main|config)\.ts$/.test(path));
    expect(readers).toEqual(ratchet.environmentReaders);
  });

  it(`a file has at most ${FILE_LINES} lines; those that had more may only shrink`, () => {
    const long = sources.filter(({ lines }) => lines > FILE_LINES);
    expect(Object.fromEntries(long.map(({ path, lines }) => [path, lines]))).toEqual(ratchet.longFiles);
  });

  it(`a function has at most ${FUNCTION_LINES} lines; those that had more may only shrink`, () => {
    const long = sources
      .filter(({ path }) => path.includes('/src/'))
      .flatMap(({ path, functions }) =>
        functions
          .filter(({ lines }) => lines > FUNCTION_LINES)
          .map(({ name, lines }) => [`${path} ${name}`, lines] as const),
      );
    expect(Object.fromEntries(long)).toEqual(ratchet.longFunctions);
  });
});

function readWorkspaces(): Workspace[] {
  const read = (path: string) => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
  return (read('.').workspaces as string[]).map((directory) => {
    const { name, dependencies = {}, devDependencies = {} } = read(directory);
    return {
      directory,
      name,
      dependencies: new Set(Object.keys(dependencies)),
      devDependencies: new Set(Object.keys(devDependencies)),
    };
  });
}

function workspaceOf({ path }: Source): Workspace | undefined {
  return workspaces.find(({ directory }) => path.startsWith(`${directory}/`));
}

function undeclaredImports(source: Source): string[] {
  const home = workspaceOf(source);
  if (home === undefined) return [];
  const test = source.path.startsWith(`${home.directory}/test/`);
  return source.imports
    .filter((from) => !from.startsWith('.') && !from.startsWith('node:'))
    .map((from) => from.split('/', from.startsWith('@') ? 2 : 1).join('/'))
    .filter((name) => name !== home.name && !home.dependencies.has(name))
    .filter((name) => !(test && (name === 'vitest' || home.devDependencies.has(name))))
    .map((name) => `${source.path} imports ${name}`);
}

function isPureImport(from: string): boolean {
  return from.startsWith('.') || from.startsWith('@cofferdam/') || PURE_MODULES.includes(from);
}
