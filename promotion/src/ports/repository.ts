export interface LoggedCommit {
  readonly revision: string;
  readonly author: string;
  /** RFC 3339, of the committer: when it came onto the branch. */
  readonly committedAt: string;
  readonly subject: string;
}

/**
 * A clone of the repository, with its work tree: what is read of Git is read here. Every method may throw a
 * PromotionError `clone_unreadable`, for a revision that is not in the clone, too.
 */
export interface Repository {
  /** The commit that is checked out. */
  head(): Promise<string>;
  /** Paths of the work tree that differ from it, untracked ones included. */
  changedPaths(): Promise<string[]>;
  /** @returns undefined: there is no such file at that revision */
  read(revision: string, path: string): Promise<string | undefined>;
  /** Paths of the files below a directory at a revision, in order. */
  files(revision: string, directory: string): Promise<string[]>;
  /** The same with their texts. */
  texts(revision: string, directory: string): Promise<ReadonlyMap<string, string>>;
  /** Whether this commit is in the clone. */
  has(revision: string): Promise<boolean>;
  /** Id of what stands at `path`; equal ids are equal content. */
  objectId(revision: string, path: string): Promise<string | undefined>;
}

/**
 * What came before. For `log` and `between` only first parents count: what was on the branch, and not in the pull
 * requests it came from; `contains` follows all of them.
 */
export interface RepositoryHistory {
  /** Commits up to `revision` that changed one of `paths`, newest first. @throws {PromotionError} `clone_shallow` */
  log(revision: string, paths: readonly string[], limit: number): Promise<LoggedCommit[]>;
  /** The commits from `oldest` to `newest`, both included, newest first. */
  between(oldest: string, newest: string): Promise<string[]>;
  /** Whether `ancestor` is `revision` or came before it; false for a commit that is not in this clone. */
  contains(revision: string, ancestor: string): Promise<boolean>;
  /** Id of the tree that `revision` would have with these files (undefined: removed). */
  treeWith(revision: string, files: ReadonlyMap<string, string | undefined>): Promise<string>;
}
