import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Mount } from './mount-paths.ts';

/**
 * Directories that hold nothing but mounted volumes, such as `/etc/cofferdam/accounts` above one volume an account.
 * A program may be given such a directory, so it needs a real one. `/etc` and its like are this machine's own.
 */
export function parentMounts(mounts: readonly Mount[], root: string): Mount[] {
  const paths = mounts.map(({ mountPath }) => mountPath.replace(/\/+$/, ''));
  const parents = new Set(paths.flatMap(ancestors).filter((path) => !paths.includes(path)));
  return [...parents].map((mountPath) => ({ mountPath, realPath: join(root, mountPath) }));
}

/** Makes the directories, with a link to each volume below them. */
export async function makeParents(mounts: readonly Mount[], root: string): Promise<void> {
  for (const { mountPath, realPath } of mounts) {
    const link = join(root, mountPath);
    await mkdir(dirname(link), { recursive: true, mode: 0o700 });
    await symlink(realPath, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Those of two segments and more: `/etc/cofferdam` and `/etc/cofferdam/accounts` of `/etc/cofferdam/accounts/acme`. */
function ancestors(path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  return segments.slice(2).map((_, index) => `/${segments.slice(0, index + 2).join('/')}`);
}
