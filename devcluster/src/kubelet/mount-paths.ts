/** Where a container expects a volume and where it really is. */
export type Mount = { mountPath: string; realPath: string };

/**
 * A process of this machine has no file system of its own, so the paths that a manifest speaks of are replaced by the
 * real ones wherever they stand in an environment value or an argument: alone, after `=`, in a list, as `file://` URL.
 */
export function rewriteMountPaths(text: string, mounts: readonly Mount[]): string {
  if (mounts.length === 0) return text;
  const byPath = new Map(mounts.map(({ mountPath, realPath }) => [withoutSlash(mountPath), realPath]));
  // The longest first: a volume may be mounted below another one.
  const paths = [...byPath.keys()].sort((a, b) => b.length - a.length).map(escapeRegExp);
  const pattern = new RegExp(`(^|[\\s=:,;"'\\[]|file://)(${paths.join('|')})(?=$|[/\\s:,;"'\\]])`, 'g');
  return text.replace(pattern, (_, before: string, path: string) => before + (byPath.get(path) ?? path));
}

const withoutSlash = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);
const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
