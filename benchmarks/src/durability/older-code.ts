import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const MIGRATIONS = 'services/vault/migrations';
/** What a vault is made of. */
const WORKSPACES = ['contracts', 'runtime', 'vault'].map((name) => `services/${name}`);

export type OlderCode = {
  /** The module of its vault. */
  main: string;
  /** Of the newest migration that it knows. */
  schema: number;
  /** What it is, for the report. */
  description: string;
};

/** How many commits are looked at: one in which two changes had not met yet does not start. */
const CANDIDATES = 5;

/**
 * A vault whose code is one step of the schema older than ours: its own source, from Git, as it was before the newest
 * migration came. Where there is no history, our own source without that migration, which shows less.
 *
 * @param directory where it goes; made
 */
export async function olderCode(directory: string): Promise<OlderCode> {
  const files = readdirSync(join(root, MIGRATIONS)).toSorted();
  const [before = '', newest = ''] = files.slice(-2);
  const schema = Number(before.slice(0, 4));
  for (const commit of await commitsBefore(`${MIGRATIONS}/${newest}`)) {
    const tree = join(directory, commit);
    if (!(await checkOut(commit, tree)) || newestIn(tree) !== schema) continue;
    const main = await startable(tree);
    if (main !== undefined)
      return { main, schema, description: `commit ${commit.slice(0, 12)}, of schema ${schema}` };
  }
  const tree = join(directory, 'cut');
  for (const workspace of WORKSPACES) {
    cpSync(join(root, workspace), join(tree, workspace), {
      recursive: true,
      filter: (path) => !path.endsWith('node_modules'),
    });
  }
  rmSync(join(tree, MIGRATIONS, newest));
  const main = await startable(tree);
  if (main === undefined) throw new Error(`the vault does not start without ${newest}`);
  return { main, schema, description: `our own without ${newest}, for want of history` };
}

/** Newest first, without that which added the file; all there are when it was not committed yet, none without Git. */
async function commitsBefore(file: string): Promise<string[]> {
  const git = async (...args: string[]): Promise<string[]> =>
    (await run('git', args, { cwd: root })).stdout.split('\n').filter((line) => line !== '');
  try {
    const [added] = await git('log', '--diff-filter=A', '--format=%H', '-1', '--', file);
    return await git('rev-list', '--first-parent', `--max-count=${CANDIDATES}`, added ? `${added}^` : 'HEAD');
  } catch {
    return []; // no Git, no repository, or one without its history
  }
}

async function checkOut(commit: string, tree: string): Promise<boolean> {
  mkdirSync(tree, { recursive: true });
  try {
    const archive = join(tree, 'source.tar');
    await run('git', ['archive', '--output', archive, commit, ...WORKSPACES], { cwd: root });
    await run('tar', ['-xf', archive, '-C', tree]);
    rmSync(archive);
    return true;
  } catch {
    return false;
  }
}

function newestIn(tree: string): number {
  return Number(readdirSync(join(tree, MIGRATIONS)).toSorted().at(-1)?.slice(0, 4));
}

/** Links the packages that we have, and its own workspaces; what it imports has to be there. */
async function startable(tree: string): Promise<string | undefined> {
  for (const workspace of WORKSPACES) {
    const [ours, its] = [join(root, workspace, 'node_modules'), join(tree, workspace, 'node_modules')];
    linkPackages(ours, its);
    mkdirSync(join(its, '@cofferdam'), { recursive: true });
    for (const other of WORKSPACES) {
      const name = other.replace('services/', '');
      symlinkSync(join(tree, other), join(its, '@cofferdam', name));
    }
  }
  const main = join(tree, 'services/vault/src/main.ts');
  const { stderr } = await run(process.execPath, [main, 'no-such-command']).catch(
    (error: { stderr: string }) => error,
  );
  return stderr.startsWith('vault: unknown command') ? main : undefined;
}

function linkPackages(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (entry.name === '@cofferdam' || entry.name === '.bin') continue;
    if (entry.isSymbolicLink()) symlinkSync(resolve(from, readlinkSync(path)), join(to, entry.name));
    else if (entry.isDirectory()) linkPackages(path, join(to, entry.name));
  }
}
