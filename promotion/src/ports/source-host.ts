/*
 * The host of the repository: GitHub, or what stands in for it. Every method may throw a PromotionError
 * `repository_forbidden` (403, 404), `rate_limited`, `host_unreachable` or `target_moved` (409).
 */

export interface Commit {
  /** 40 hex digits. */
  readonly revision: string;
  /** Id of its tree: equal ids are equal content. */
  readonly tree: string;
  readonly parents: readonly string[];
}

export interface NewCommit {
  /** The only parent; its tree is the base of `files`. */
  readonly parent: Commit;
  /** Path from the root -> text; undefined: the file goes. */
  readonly files: ReadonlyMap<string, string | undefined>;
  readonly message: string;
}

/** Branches of the host, named without `refs/heads/`. */
export interface Branches {
  /** What a branch points to; undefined: there is no such branch. */
  head(branch: string): Promise<Commit | undefined>;
  /** Makes a commit that no branch points to yet. */
  createCommit(commit: NewCommit): Promise<Commit>;
  /**
   * Points a branch to a commit, fast-forward or not.
   * @param from what it pointed to when it was looked at; undefined: it was not there
   * @throws {PromotionError} `target_moved` when it points elsewhere by now
   */
  setBranch(branch: string, move: { from: string | undefined; to: string }): Promise<void>;
}

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  /** Branch that is to be merged, and the branch that it is merged into. */
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

export interface PullRequests {
  /** The open one from a branch of this repository (no fork's) into `base`. */
  findOpen(branches: { head: string; base: string }): Promise<PullRequest | undefined>;
  /** When one is open already (another run was faster), that one, unchanged. */
  open(pull: { head: string; base: string; title: string; body: string }): Promise<PullRequest>;
  update(number: number, text: { title: string; body: string }): Promise<void>;
  /** Labels that are there already stay. */
  addLabels(number: number, labels: readonly string[]): Promise<void>;
  /** Labels that are not there are no error. */
  removeLabels(number: number, labels: readonly string[]): Promise<void>;
  /** Closes without merging, and says why in a comment. */
  close(number: number, reason: string): Promise<void>;
}

export type CommitState = 'error' | 'failure' | 'pending' | 'success';

export interface CommitStatus {
  /** Who says it, such as `argocd/cofferdam-staging`. */
  readonly context: string;
  readonly state: CommitState;
  /** At most 140 characters. */
  readonly description: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Login of whoever set it, of an App `name[bot]`; anybody who may write may set any. Undefined: not known. */
  readonly creator: string | undefined;
}

export interface CommitStatuses {
  /** Every status that was ever set in this context, newest first. */
  statuses(revision: string, context: string): Promise<CommitStatus[]>;
  /** @returns whoever it was posted as */
  setStatus(
    revision: string,
    status: Omit<CommitStatus, 'createdAt' | 'creator'>,
  ): Promise<Pick<CommitStatus, 'creator'>>;
}

/** Who let a change onto the base branch: Git knows whoever wrote it, and of a squash not even that. */
export interface MergedPullRequests {
  /** @returns undefined: there is no such pull request, or it was not merged */
  mergedBy(number: number): Promise<string | undefined>;
}

export type SourceHost = Branches & PullRequests & CommitStatuses;
