import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VolumeFile } from './volume-content.ts';

const DATA = '..data';

/**
 * Makes a directory hold exactly these files, all of them changing in one moment: they lie in a directory of their
 * own, `..data` is a link to it that is replaced by rename, and what a reader opens is a link through `..data`.
 * This is the kubelet's own layout, on which programs rely that watch for `..data`.
 *
 * @returns whether anything was changed
 */
export async function writeAtomically(directory: string, files: Map<string, VolumeFile>): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const current = await readlink(join(directory, DATA)).catch(() => undefined);
  if (current !== undefined && (await holds(join(directory, current), files))) return false;

  const fresh = `..${new Date().toISOString().replace(/[-:.TZ]/g, '_')}${randomBytes(4).toString('hex')}`;
  await mkdir(join(directory, fresh), { mode: 0o700 });
  for (const [path, { data, mode }] of files) {
    const file = join(directory, fresh, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, data, { mode });
  }
  await rm(join(directory, `${DATA}_tmp`), { force: true }); // of a write that failed half-way
  await symlink(fresh, join(directory, `${DATA}_tmp`));
  await rename(join(directory, `${DATA}_tmp`), join(directory, DATA));

  const visible = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  const present = new Set((await readdir(directory)).filter((name) => !name.startsWith('..')));
  for (const name of visible) if (!present.has(name)) await symlink(join(DATA, name), join(directory, name));
  for (const name of present) if (!visible.has(name)) await rm(join(directory, name));
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true });
  return true;
}

async function holds(directory: string, files: Map<string, VolumeFile>): Promise<boolean> {
  const names = await filesBelow(directory, '');
  if (names.length !== files.size) return false;
  for (const [path, { data, mode }] of files) {
    const file = join(directory, path);
    const [content, info] = await Promise.all([
      readFile(file).catch(() => undefined),
      stat(file).catch(() => undefined),
    ]);
    if (content === undefined || !content.equals(data) || ((info?.mode ?? 0) & 0o777) !== mode) return false;
  }
  return true;
}

async function filesBelow(directory: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(directory, prefix), { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const path = join(prefix, entry.name);
      return entry.isDirectory() ? filesBelow(directory, path) : [path];
    }),
  );
  return nested.flat();
}
