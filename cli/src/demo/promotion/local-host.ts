import { type Branches, type Commit, PromotionError, type RepositoryHistory } from '@cofferdam/promotion';
import { type Git, type Person, ROBOT } from './git.ts';

/** The branches of a bare repository, as GitHub's REST API has them. */
export function localBranches(git: Git, repository: Pick<RepositoryHistory, 'treeWith'>): Branches {
  return {
    async head(branch) {
      return commitAt(git, `refs/heads/${branch}`);
    },
    async createCommit({ parent, files, message }) {
      const tree = await repository.treeWith(parent.revision, files);
      return commitTree(git, { tree, parents: [parent.revision], message, by: ROBOT });
    },
    async setBranch(branch, { from, to }) {
      const old = from ?? '0'.repeat(40);
      await git(['update-ref', `refs/heads/${branch}`, to, old]).catch((error: Error) => {
        throw new PromotionError('target_moved', `${branch} moved meanwhile: run it again`, error);
      });
    },
  };
}

/** @returns undefined: there is no such commit */
export async function commitAt(git: Git, name: string): Promise<Commit | undefined> {
  const said = await git(['rev-list', '--no-walk', '--parents', '--ignore-missing', name]).catch(() => '');
  const [revision, ...parents] = said.split(' ').filter((word) => word !== '');
  if (revision === undefined) return undefined;
  return { revision, parents, tree: await git(['rev-parse', `${revision}^{tree}`]) };
}

/** Makes a commit that no branch points to yet. */
export async function commitTree(
  git: Git,
  { tree, parents, message, by }: { tree: string; parents: readonly string[]; message: string; by: Person },
): Promise<Commit> {
  const words = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])];
  const revision = await git(words, { input: message, by });
  return { revision, tree, parents };
}
