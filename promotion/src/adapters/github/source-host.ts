import { PromotionError } from '../../errors.ts';
import type {
  Branches,
  Commit,
  CommitStatuses,
  MergedPullRequests,
  PullRequest,
  PullRequests,
  SourceHost,
} from '../../ports/source-host.ts';
import { explained, type GitHubClient, type GitHubOptions, gitHubClient, statusOf } from './client.ts';

/** A repository of GitHub's. Its errors are PromotionErrors. */
export async function gitHub(options: GitHubOptions): Promise<SourceHost & MergedPullRequests> {
  const client = await gitHubClient(options);
  const at = { owner: options.owner, repo: options.repository };
  const host = {
    ...branches(client, at),
    ...pullRequests(client, at),
    ...commitStatuses(client, at),
    ...merged(client, at),
  };
  return withWords(host, options);
}

interface At {
  readonly owner: string;
  readonly repo: string;
}

function branches({ rest: { git } }: GitHubClient, at: At): Branches {
  const commit = async (revision: string): Promise<Commit> => {
    const { data } = await git.getCommit({ ...at, commit_sha: revision });
    return { revision: data.sha, tree: data.tree.sha, parents: data.parents.map(({ sha }) => sha) };
  };
  const refOf = async (branch: string): Promise<string | undefined> => {
    try {
      const { data } = await git.getRef({ ...at, ref: `heads/${branch}` });
      return data.object.sha;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  };
  return {
    async head(branch) {
      const revision = await refOf(branch);
      return revision === undefined ? undefined : commit(revision);
    },
    async createCommit({ parent, files, message }) {
      const tree = [...files].map(([path, content]) => ({
        path,
        mode: '100644' as const,
        type: 'blob' as const,
        ...(content === undefined ? { sha: null } : { content }),
      }));
      const made = await git.createTree({ ...at, base_tree: parent.tree, tree });
      // No author: GitHub then signs the commit of an App itself.
      const { data } = await git.createCommit({
        ...at,
        message,
        tree: made.data.sha,
        parents: [parent.revision],
      });
      return { revision: data.sha, tree: data.tree.sha, parents: data.parents.map(({ sha }) => sha) };
    },
    async setBranch(branch, { from, to }) {
      const now = await refOf(branch);
      if (now !== from) throw moved(branch, from, now);
      try {
        if (from === undefined) await git.createRef({ ...at, ref: `refs/heads/${branch}`, sha: to });
        else await git.updateRef({ ...at, ref: `heads/${branch}`, sha: to, force: true });
      } catch (error) {
        if (statusOf(error) !== 422) throw error;
        const then = await refOf(branch);
        if (then === to) return; // An answer was lost, and the request was sent again.
        if (then === from) throw error;
        throw moved(branch, from, then);
      }
    },
  };
}

function moved(branch: string, from: string | undefined, to: string | undefined): PromotionError {
  const short = (revision: string | undefined) => revision?.slice(0, 10) ?? 'nothing';
  return new PromotionError(
    'target_moved',
    `${branch} moved from ${short(from)} to ${short(to)} meanwhile: run it again`,
  );
}

const PAGE = 100;

function pullRequests(client: GitHubClient, at: At): PullRequests {
  const { pulls, issues } = client.rest;
  const findOpen: PullRequests['findOpen'] = async ({ head, base }) => {
    const filter = { ...at, state: 'open' as const, head: `${at.owner}:${head}`, base, per_page: PAGE };
    for await (const { data } of client.paginate.iterator(pulls.list, filter)) {
      // A fork of the same owner may have a branch of this name.
      const own = data.find(
        (one) => one.head.repo?.full_name === one.base.repo.full_name && one.head.ref === head,
      );
      if (own !== undefined) return pullRequest(own);
    }
    return undefined;
  };
  return {
    findOpen,
    async open(pull) {
      try {
        const { data } = await pulls.create({ ...at, ...pull });
        return pullRequest(data);
      } catch (error) {
        if (statusOf(error) !== 422) throw error;
        const existing = await findOpen(pull);
        if (existing === undefined) throw error;
        return existing;
      }
    },
    async update(number, text) {
      await pulls.update({ ...at, pull_number: number, ...text });
    },
    async addLabels(number, labels) {
      await issues.addLabels({ ...at, issue_number: number, labels: [...labels] });
    },
    async removeLabels(number, labels) {
      for (const name of labels) {
        try {
          await issues.removeLabel({ ...at, issue_number: number, name });
        } catch (error) {
          if (statusOf(error) !== 404) throw error;
        }
      }
    },
    async close(number, reason) {
      // In this order: a run that ends in between has done what matters, and the next does not comment again.
      await pulls.update({ ...at, pull_number: number, state: 'closed' });
      await issues.createComment({ ...at, issue_number: number, body: reason });
    },
  };
}

function merged({ rest: { pulls } }: GitHubClient, at: At): MergedPullRequests {
  return {
    async mergedBy(number) {
      try {
        const { data } = await pulls.get({ ...at, pull_number: number });
        return data.merged_by?.login;
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
  };
}

interface PullData {
  readonly number: number;
  readonly html_url: string;
  readonly title: string;
  readonly body: string | null;
  readonly labels: readonly { readonly name?: string }[];
  readonly head: { readonly ref: string };
  readonly base: { readonly ref: string };
}

function pullRequest({ number, html_url: url, title, body, labels, head, base }: PullData): PullRequest {
  const names = labels.flatMap(({ name }) => name ?? []);
  return { number, url, title, body: body ?? '', labels: names, head: head.ref, base: base.ref };
}

function commitStatuses(client: GitHubClient, at: At): CommitStatuses {
  const { repos } = client.rest;
  return {
    async statuses(revision, context) {
      const query = { ...at, ref: revision, per_page: PAGE };
      const all = await client.paginate(repos.listCommitStatusesForRef, query);
      return all
        .filter((status) => status.context === context)
        .map(({ state, description, created_at: createdAt, creator }) => ({
          context,
          state: stateOf(state),
          description: description ?? '',
          createdAt,
          creator: creator?.login,
        }));
    },
    async setStatus(revision, status) {
      const { data } = await repos.createCommitStatus({ ...at, sha: revision, ...status });
      return { creator: data.creator?.login };
    },
  };
}

function stateOf(state: string): 'error' | 'failure' | 'pending' | 'success' {
  return state === 'success' || state === 'pending' || state === 'failure' ? state : 'error';
}

function withWords(
  host: SourceHost & MergedPullRequests,
  options: GitHubOptions,
): SourceHost & MergedPullRequests {
  const say = <T>(call: () => Promise<T>) => explained(options, call);
  return {
    head: (branch) => say(() => host.head(branch)),
    createCommit: (commit) => say(() => host.createCommit(commit)),
    setBranch: (branch, move) => say(() => host.setBranch(branch, move)),
    findOpen: (pull) => say(() => host.findOpen(pull)),
    open: (pull) => say(() => host.open(pull)),
    update: (number, text) => say(() => host.update(number, text)),
    addLabels: (number, labels) => say(() => host.addLabels(number, labels)),
    removeLabels: (number, labels) => say(() => host.removeLabels(number, labels)),
    close: (number, reason) => say(() => host.close(number, reason)),
    statuses: (revision, context) => say(() => host.statuses(revision, context)),
    mergedBy: (number) => say(() => host.mergedBy(number)),
    setStatus: (revision, status) => say(() => host.setStatus(revision, status)),
  };
}
