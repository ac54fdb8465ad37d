// Writes crds/yaml/*.yaml from the Zod schemas; with --check it fails, naming each file that differs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type CustomResourceDefinition, customResourceDefinitions } from './definition.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const HEADER = '# Generated from crds/src by `npm run generate`. Do not edit.\n';

/** Path in the repository -> content, of every generated file. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map(customResourceDefinitions().map((definition) => [pathOf(definition), render(definition)]));
}

/** The paths whose file is missing or has another content. */
export function outdatedFiles(directory: string): string[] {
  return [...generatedFiles()]
    .filter(([path, content]) => readIfThere(`${directory}/${path}`) !== content)
    .map(([path]) => path);
}

function pathOf(definition: CustomResourceDefinition): string {
  return `crds/yaml/${definition.metadata.name.split('.')[0]}.yaml`;
}

function render(definition: CustomResourceDefinition): string {
  // kubectl reads YAML 1.1, where a bare `on` or `no` is a boolean: version 1.1 puts those in quotes.
  return HEADER + stringify(definition, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function main(check: boolean): number {
  const outdated = outdatedFiles(repository);
  if (check) {
    for (const path of outdated)
      process.stderr.write(`${path}: differs from crds/src; run \`npm run generate\`\n`);
    return outdated.length === 0 ? 0 : 1;
  }
  mkdirSync(`${repository}/crds/yaml`, { recursive: true });
  for (const path of outdated) {
    writeFileSync(`${repository}/${path}`, generatedFiles().get(path) ?? '');
    process.stdout.write(`wrote ${path}\n`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
