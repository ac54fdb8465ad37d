import { readdir, readFile } from 'node:fs/promises';
import { CliError } from '../errors.ts';

/**
 * What a release has pushed: a directory with one file for each component, named as it is, holding its image by digest.
 * @returns component -> `registry/name@sha256:<64 hex digits>`, in the order of the names
 * @throws {CliError} `usage_invalid`, `pin_invalid`
 */
export async function readImages(directory: string): Promise<Record<string, string>> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw new CliError(
      'usage_invalid',
      `${directory} cannot be read: give the directory of the digests`,
      error,
    );
  });
  if (names.length === 0) throw new CliError('usage_invalid', `${directory} is empty: no image was released`);
  const entries = names.sort().map(async (name) => [name, await readImage(`${directory}/${name}`)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function readImage(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new CliError(
      'usage_invalid',
      `${path} cannot be read (${error.message}): one file a component`,
      error,
    );
  });
  const image = text.trim();
  if (/^[^\s@]+@sha256:[0-9a-f]{64}$/.test(image)) return image;
  throw new CliError(
    'pin_invalid',
    `${path}: expected image@sha256:<64 hex digits>, never a tag, found ${JSON.stringify(image.slice(0, 200))}`,
  );
}
