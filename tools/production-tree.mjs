// node tools/production-tree.mjs <workspace> <directory>
//
// Copies one process of ours, such as `services/vault`, with all that it needs to run and nothing else: what an image
// holds. It follows `dependencies` from package.json to package.json through an installed node_modules, so the
// repository has to be installed, with or without development dependencies. Plain JavaScript: it runs in the build
// stage of the Dockerfile.
//
// npm cannot do this yet: with workspaces and install-strategy=linked, `npm ci --omit=dev --workspace operator` also
// installs what the operator's development dependencies depend on, an embedded PostgreSQL among it.
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)));
/** Node itself is a package: the lock file says which, and with which checksum. */
const RUNTIME = /^node-linux-/;
/** Of our own workspaces, what only people and tests read. */
const LEFT_OUT = new Set(['test', 'node_modules', 'README.md']);
/** Half of the files of other people's packages, and only for editors and debuggers. */
const NOT_RUN = /\.(d\.[cm]?ts|map)$/;

/**
 * @param {string} workspace relative to the repository
 * @param {string} out a directory that is not there, or empty
 */
export function copyProductionTree(workspace, out) {
  if (existsSync(out) && readdirSync(out).length > 0) throw new Error(`${out} is not empty`);
  const copied = new Set();
  const place = (path) => join(out, relative(root, path));

  const copy = (directory) => {
    if (copied.has(directory)) return;
    copied.add(directory);
    copyFiles(directory, place(directory), (path) => {
      const name = basename(path);
      if (directory.includes('node_modules')) return name !== 'node_modules' && !NOT_RUN.test(name);
      return dirname(path) !== directory || !LEFT_OUT.has(name);
    });
    for (const link of dependencyLinks(directory)) {
      copyLink(link);
      copy(realpathSync(link));
    }
  };
  const copyLink = (link) => {
    if (!lstatSync(link).isSymbolicLink() || copied.has(link)) return;
    copied.add(link);
    mkdirSync(dirname(place(link)), { recursive: true });
    symlinkSync(relative(dirname(link), realpathSync(link)), place(link));
  };

  copy(join(root, workspace));
  copyRuntime(out);
}

/** By hard links where the file system can: thousands of small files. */
function copyFiles(from, to, wanted) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (!wanted(path)) continue;
    if (entry.isDirectory()) copyFiles(path, join(to, entry.name), wanted);
    else copyFile(path, join(to, entry.name));
  }
}

function copyFile(from, to) {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** Where the dependencies of a package stand: in the nearest node_modules that has them, as Node looks for them. */
function dependencyLinks(directory) {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const optional = { ...manifest.peerDependencies, ...manifest.optionalDependencies };
  const wanted = Object.keys({ ...manifest.dependencies, ...optional }).filter(
    (name) => !name.startsWith('@types/'),
  );
  return wanted.flatMap((name) => {
    const found = locate(directory, name);
    // Another platform's, or a peer that nobody asked for.
    if (found === undefined && !(name in optional))
      throw new Error(`${manifest.name} needs ${name}, which is not installed`);
    return found ?? [];
  });
}

function locate(directory, name) {
  for (let from = directory; from.startsWith(root); from = dirname(from)) {
    if (basename(from) === 'node_modules') continue;
    const candidate = join(from, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
  }
  return undefined;
}

/** `<out>/node`, whichever platform was installed for. */
function copyRuntime(out) {
  const [name, ...others] = readdirSync(join(root, 'node_modules')).filter((entry) => RUNTIME.test(entry));
  if (name === undefined || others.length > 0)
    throw new Error('expected Node for one platform in node_modules');
  copyFile(join(realpathSync(join(root, 'node_modules', name)), 'bin/node'), join(out, 'node'));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [workspace, out] = process.argv.slice(2);
  if (workspace === undefined || out === undefined) {
    process.stderr.write('usage: node tools/production-tree.mjs <workspace> <directory>\n');
    process.exit(2);
  }
  copyProductionTree(workspace, resolve(out));
}
