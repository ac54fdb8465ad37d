import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { CliError } from '../errors.ts';

/** One YAML document and where it stands, so that a problem can be pointed at. */
export interface ManifestDocument {
  /** File as it was named, or `stdin`. */
  readonly source: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/**
 * The documents of files, of the `.yaml`, `.yml` and `.json` files in directories, and of stdin (`-`).
 * Empty documents are left out. The order is that of the arguments, and of the names in a directory.
 * @throws CliError `manifest_invalid` when a file cannot be read
 */
export async function readDocuments(
  paths: readonly string[],
  readStdin: () => Promise<string>,
): Promise<ManifestDocument[]> {
  const documents: ManifestDocument[] = [];
  for (const path of paths) {
    if (path === '-') documents.push(...parseDocuments('stdin', await readStdin()));
    else
      for (const file of await filesOf(path)) documents.push(...parseDocuments(file, await readText(file)));
  }
  return documents;
}

export function parseDocuments(source: string, text: string): ManifestDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  return documents
    .filter(({ contents, errors }) => contents !== null || errors.length > 0)
    .map((document) => ({ source, document, lines }));
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((error) => unreadable(path, error));
  if (!found.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error) => unreadable(file, error));
}

function unreadable(path: string, error: NodeJS.ErrnoException): never {
  const found = error.code === 'ENOENT' ? 'no such file or directory' : error.message;
  throw new CliError('manifest_invalid', `${path}: ${found}: name a file, a directory or - with -f`, error);
}
