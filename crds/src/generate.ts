// Writes crds/yaml/*.yaml from the Zod schemas; with --check it fails, naming each file that differs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { definitionFiles } from './definition-files.ts';

const directory = fileURLToPath(new URL('../yaml', import.meta.url));

/** The names of the files in `directory` that are missing or have another content than the schemas give. */
export function outdatedFiles(directory: string): string[] {
  return [...definitionFiles()]
    .filter(([name, content]) => readIfThere(`${directory}/${name}`) !== content)
    .map(([name]) => name);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function check(): number {
  const outdated = outdatedFiles(directory);
  for (const name of outdated)
    process.stderr.write(`crds/yaml/${name}: differs from crds/src; run \`npm run generate\`\n`);
  return outdated.length === 0 ? 0 : 1;
}

function write(): number {
  mkdirSync(directory, { recursive: true });
  for (const name of outdatedFiles(directory)) {
    writeFileSync(`${directory}/${name}`, definitionFiles().get(name) ?? '');
    process.stdout.write(`wrote crds/yaml/${name}\n`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = process.argv.includes('--check') ? check() : write();
