import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { PromotionError } from '../errors.ts';
import type { LoggedCommit, Repository, RepositoryHistory } from '../ports/repository.ts';

/** Names of a commit that could be taken for an option are none. */
const REVISION = /^[0-9A-Za-z][0-9A-Za-z._/-]*$/;

/**
 * The clone at a directory, by git itself.
 * @param directory anywhere in its work tree
 */
export function gitRepository(directory: string): Repository & RepositoryHistory {
  const git = gitIn(directory);
  const files = async (revision: string, path: string): Promise<string[]> => {
    const words = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', checked(revision), `${path}/`];
    return (await git(words)).split('\0').filter((name) => name !== '');
  };
  /** Nothing where the revision has no such path; git fails where there is no such revision. */
  const objectId = async (revision: string, path: string): Promise<string | undefined> => {
    const entry = await git(['ls-tree', '-z', '--full-tree', checked(revision), path]);
    return /^\d+ [a-z]+ ([0-9a-f]+)\t/.exec(entry)?.[1];
  };
  return {
    async head() {
      return (await git(['rev-parse', '--verify', 'HEAD'])).trim();
    },
    async changedPaths() {
      const lines = await git(['status', '--porcelain', '-z', '--untracked-files=normal', '--no-renames']);
      return lines.split('\0').flatMap((line) => (line === '' ? [] : [line.slice(3)]));
    },
    async read(revision, path) {
      try {
        return await git(['cat-file', 'blob', `${checked(revision)}:${path}`]);
      } catch (error) {
        // git ends alike for a file that is not there and for anything that is wrong.
        if ((await objectId(revision, path)) === undefined) return undefined;
        throw error;
      }
    },
    files,
    async texts(revision, path) {
      const paths = await files(revision, path);
      if (paths.length === 0) return new Map();
      // One process for all of them: an environment has dozens of files.
      const input = paths.map((name) => `${checked(revision)}:${name}\n`).join('');
      return batch(paths, await git(['cat-file', '--batch'], { input }));
    },
    has: (revision) => hasCommit(git, revision),
    objectId,
    ...gitHistory(directory),
  };
}

/** Each object is `<id> blob <bytes>`, a line feed, its bytes and a line feed. */
function batch(paths: readonly string[], output: string): Map<string, string> {
  const bytes = Buffer.from(output, 'utf8');
  const texts = new Map<string, string>();
  let at = 0;
  for (const path of paths) {
    const line = bytes.indexOf(10, at);
    const size = Number(bytes.toString('utf8', at, line).split(' ')[2]);
    if (!Number.isInteger(size)) throw unreadable(`git has no content of ${path}: ${CLONE_ANEW}`);
    texts.set(path, bytes.toString('utf8', line + 1, line + 1 + size));
    at = line + size + 2;
  }
  return texts;
}

const RECORD = '%H%x00%an%x00%cI%x00%s%x00';

function gitHistory(directory: string): RepositoryHistory {
  const git = gitIn(directory);
  const complete = () => checkComplete(git);
  return {
    async log(revision, paths, limit) {
      await complete();
      const format = ['--first-parent', `--max-count=${limit}`, `--format=${RECORD}`];
      const text = await git(['log', ...format, checked(revision), '--', ...paths]);
      return records(text.split('\0'));
    },
    async between(oldest, newest) {
      await complete();
      const range = ['--first-parent', checked(newest), `^${checked(oldest)}`];
      const newer = (await git(['rev-list', ...range])).split('\n').filter((line) => line !== '');
      return [...newer, oldest];
    },
    async contains(revision, ancestor) {
      const [older, newer] = [checked(ancestor), checked(revision)];
      try {
        await git(['merge-base', '--is-ancestor', older, newer]);
        return true;
      } catch (error) {
        if (exitStatusOf(error) === 1 || !(await hasCommit(git, older))) return false;
        throw error;
      }
    },
    treeWith: (revision, files) => treeWith(directory, checked(revision), files),
  };
}

type Git = (
  words: readonly string[],
  options?: { input?: string; env?: Record<string, string> },
) => Promise<string>;

function gitIn(directory: string): Git {
  return async (words, { input, env } = {}) => {
    const { stdout } = await execa('git', ['-C', directory, ...words], {
      ...(input === undefined ? {} : { input }),
      env: { LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', ...env },
      stripFinalNewline: false,
    }).catch((error: GitError) => {
      throw unreadable(whatFailed(directory, words, error), error);
    });
    return stdout;
  };
}

type GitError = Error & { readonly code?: string; readonly stderr?: string; readonly exitCode?: number };

const CLONE_ANEW = 'look with `git fsck`, or clone the repository anew';

function whatFailed(
  directory: string,
  words: readonly string[],
  { code, stderr, message }: GitError,
): string {
  if (code === 'ENOENT') return 'git cannot be run: install it';
  const all = stderr || message;
  if (/not a git repository|cannot change to/.test(all))
    return `${directory} is in no clone of the repository: go there, or name it with --repository`;
  if (/dubious ownership/.test(all))
    return `${directory} belongs to somebody else, and git does not trust it: \`git config --global --add safe.directory <its path>\``;
  const said = /^(?:fatal|error): (.*)$/m.exec(all)?.[1] ?? all.trim().split('\n').at(-1);
  return `\`git ${words[0]}\` failed in ${directory} (${said}): ${CLONE_ANEW}`;
}

function unreadable(message: string, cause?: unknown): PromotionError {
  return new PromotionError('clone_unreadable', message, cause);
}

function exitStatusOf(error: unknown): number | undefined {
  return error instanceof PromotionError
    ? (error.cause as Partial<GitError> | undefined)?.exitCode
    : undefined;
}

async function hasCommit(git: Git, revision: string): Promise<boolean> {
  try {
    await git(['rev-parse', '--verify', '--quiet', `${checked(revision)}^{commit}`]);
    return true;
  } catch (error) {
    if (exitStatusOf(error) === 1) return false;
    throw error;
  }
}

async function checkComplete(git: Git): Promise<void> {
  if ((await git(['rev-parse', '--is-shallow-repository'])).trim() !== 'true') return;
  throw new PromotionError(
    'clone_shallow',
    'the clone is shallow, and what came before cannot be seen: `git fetch --unshallow` (in GitHub Actions: fetch-depth: 0)',
  );
}

function records(fields: readonly string[]): LoggedCommit[] {
  const found: LoggedCommit[] = [];
  for (let i = 0; i + 3 < fields.length; i += 4) {
    const [revision = '', author = '', committedAt = '', subject = ''] = fields.slice(i, i + 4);
    found.push({ revision: revision.trim(), author, committedAt, subject });
  }
  return found;
}

/** In an index of its own: neither the work tree nor its index is touched. */
async function treeWith(
  directory: string,
  revision: string,
  files: ReadonlyMap<string, string | undefined>,
): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'cofferdam-index-'));
  try {
    const env = { GIT_INDEX_FILE: join(scratch, 'index') };
    const git = gitIn(directory);
    await git(['read-tree', revision], { env });
    const lines: string[] = [];
    for (const [path, text] of files) {
      const id =
        text === undefined ? undefined : await git(['hash-object', '-w', '--stdin'], { input: text });
      lines.push(id === undefined ? `0 ${'0'.repeat(40)}\t${path}` : `100644 ${id.trim()}\t${path}`);
    }
    await git(['update-index', '-z', '--index-info'], {
      env,
      input: lines.map((line) => `${line}\0`).join(''),
    });
    return (await git(['write-tree'], { env })).trim();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function checked(revision: string): string {
  if (REVISION.test(revision)) return revision;
  throw new PromotionError('environment_unknown', `${revision} is no name of a commit`);
}
