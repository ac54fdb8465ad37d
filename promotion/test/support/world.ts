import { createHash } from 'node:crypto';
import type {
  ApplicationState,
  Commit,
  CommitStatus,
  LoggedCommit,
  PullRequest,
  Repository,
  RepositoryHistory,
  SourceHost,
} from '../../src/index.ts';
import { PromotionError } from '../../src/index.ts';

export type FileTree = ReadonlyMap<string, string>;
export type StoredCommit = Commit & LoggedCommit & { readonly files: FileTree };
export type StoredPull = {
  number: number;
  head: string;
  base: string;
  title: string;
  body: string;
  labels: string[];
  state: 'open' | 'closed' | 'merged';
  comments: string[];
  /** `owner/name` of the fork that the branch is in. */
  fork?: string;
  mergedBy?: string;
};

/** A repository and its host in memory: what a run reads and writes, and nothing else. */
export class World implements Repository, RepositoryHistory, SourceHost {
  readonly commits = new Map<string, StoredCommit>();
  readonly branches = new Map<string, string>();
  readonly pulls: StoredPull[] = [];
  readonly said = new Map<string, CommitStatus[]>();
  /** Every write so far, by name. */
  readonly writes: string[] = [];
  /** Called before each write: a run that is dropped throws here. */
  beforeWrite: (name: string) => void = () => {};
  dirty: string[] = [];
  /** What is checked out; absent: the head of main. */
  checkout: string | undefined;
  nowMs = Date.parse('2026-11-23T12:00:00Z');
  /** Who is signed in on the host. */
  user = 'cofferdam[bot]';

  constructor(files: Readonly<Record<string, string>>) {
    this.add(
      { parents: [], files: new Map(Object.entries(files)), author: 'first', subject: 'begin' },
      'main',
    );
  }

  /** Somebody's commit on main. */
  push(
    files: Readonly<Record<string, string | undefined>>,
    { author = 'somebody', subject = 'change' } = {},
  ): string {
    const parent = this.#head('main');
    const tree = applied(parent.files, new Map(Object.entries(files)));
    return this.add({ parents: [parent.revision], files: tree, author, subject }, 'main').revision;
  }

  /** Squashes an open pull request onto main, or merges it; its branch stays, as it does unless somebody deletes it. */
  merge(number: number, how: 'squash' | 'merge commit' = 'squash'): string {
    const pull = this.#pull(number);
    const branch = this.#head(pull.head);
    const before = this.commits.get(branch.parents[0] ?? '')?.files ?? new Map();
    const changed = [...new Set([...before.keys(), ...branch.files.keys()])].filter(
      (path) => before.get(path) !== branch.files.get(path),
    );
    pull.state = 'merged';
    if (how === 'merge commit') {
      const main = this.#head('main');
      const changes = new Map(changed.map((path) => [path, branch.files.get(path)]));
      const parents = [main.revision, branch.revision];
      const files = applied(main.files, changes);
      const subject = `Merge pull request #${number} from acme/${pull.head}`;
      return this.add({ parents, files, author: 'reviewer', subject }, 'main').revision;
    }
    const files = Object.fromEntries(changed.map((path) => [path, branch.files.get(path)]));
    return this.push(files, { author: 'reviewer', subject: `${pull.title} (#${number})` });
  }

  /** A file on a branch. */
  text(branch: string, path: string): string | undefined {
    return this.#head(branch).files.get(path);
  }

  openPulls(): StoredPull[] {
    return this.pulls.filter(({ state }) => state === 'open');
  }

  async open(pull: { head: string; base: string; title: string; body: string }): Promise<PullRequest> {
    this.#write('open');
    // At once, as GitHub does: of two that open the same, one is refused.
    const existing = this.#findOpen(pull);
    if (existing !== undefined) return shown(existing);
    const stored: StoredPull = {
      ...pull,
      number: this.pulls.length + 1,
      labels: [],
      state: 'open',
      comments: [],
    };
    this.pulls.push(stored);
    return shown(stored);
  }

  // The clone.

  async head(): Promise<string>;
  async head(branch: string): Promise<Commit | undefined>;
  async head(branch?: string): Promise<string | Commit | undefined> {
    if (branch === undefined) return this.checkout ?? this.#head('main').revision;
    return this.branches.has(branch) ? this.#head(branch) : undefined;
  }

  async changedPaths(): Promise<string[]> {
    return this.dirty;
  }

  async read(revision: string, path: string): Promise<string | undefined> {
    return this.commits.get(revision)?.files.get(path);
  }

  async files(revision: string, directory: string): Promise<string[]> {
    const files = this.commits.get(revision)?.files ?? new Map<string, string>();
    return [...files.keys()].filter((path) => path.startsWith(`${directory}/`)).sort();
  }

  async texts(revision: string, directory: string): Promise<ReadonlyMap<string, string>> {
    const paths = await this.files(revision, directory);
    return new Map(paths.map((path) => [path, this.commits.get(revision)?.files.get(path) ?? '']));
  }

  async has(revision: string): Promise<boolean> {
    return this.commits.has(revision);
  }

  async objectId(revision: string, path: string): Promise<string | undefined> {
    const files = this.commits.get(revision)?.files ?? new Map<string, string>();
    const below = [...files].filter(([name]) => name === path || name.startsWith(`${path}/`));
    return below.length === 0 ? undefined : digest(below);
  }

  async log(revision: string, paths: readonly string[], limit: number): Promise<LoggedCommit[]> {
    const touched = (commit: StoredCommit) => {
      const before = this.commits.get(commit.parents[0] ?? '')?.files ?? new Map<string, string>();
      const all = new Set([...before.keys(), ...commit.files.keys()]);
      return [...all].some(
        (path) =>
          paths.some((wanted) => path === wanted || path.startsWith(`${wanted}/`)) &&
          before.get(path) !== commit.files.get(path),
      );
    };
    return this.#line(revision).filter(touched).slice(0, limit);
  }

  async between(oldest: string, newest: string): Promise<string[]> {
    const line = this.#line(newest).map((commit) => commit.revision);
    return line.slice(0, line.indexOf(oldest) + 1);
  }

  async contains(revision: string, ancestor: string): Promise<boolean> {
    if (revision === ancestor) return this.commits.has(revision);
    const parents = this.commits.get(revision)?.parents ?? [];
    const found = await Promise.all(parents.map((parent) => this.contains(parent, ancestor)));
    return found.includes(true);
  }

  async treeWith(revision: string, files: ReadonlyMap<string, string | undefined>): Promise<string> {
    return digest([...applied(this.commits.get(revision)?.files ?? new Map(), files)]);
  }

  // The host.

  async createCommit(commit: {
    parent: Commit;
    files: ReadonlyMap<string, string | undefined>;
    message: string;
  }): Promise<Commit> {
    this.#write('createCommit');
    const files = applied(this.commits.get(commit.parent.revision)?.files ?? new Map(), commit.files);
    return this.add({ parents: [commit.parent.revision], files, author: 'bot', subject: commit.message });
  }

  async setBranch(branch: string, { from, to }: { from: string | undefined; to: string }): Promise<void> {
    this.#write('setBranch');
    if (this.branches.get(branch) !== from) throw new PromotionError('target_moved', `${branch} moved`);
    this.branches.set(branch, to);
  }

  async findOpen(branches: { head: string; base: string }): Promise<PullRequest | undefined> {
    const found = this.#findOpen(branches);
    return found && shown(found);
  }

  #findOpen({ head, base }: { head: string; base: string }): StoredPull | undefined {
    return this.openPulls().find(
      (pull) => pull.head === head && pull.base === base && pull.fork === undefined,
    );
  }

  async update(number: number, text: { title: string; body: string }): Promise<void> {
    this.#write('update');
    Object.assign(this.#pull(number), text);
  }

  async addLabels(number: number, labels: readonly string[]): Promise<void> {
    this.#write('addLabels');
    const pull = this.#pull(number);
    pull.labels = [...new Set([...pull.labels, ...labels])];
  }

  async removeLabels(number: number, labels: readonly string[]): Promise<void> {
    this.#write('removeLabels');
    const pull = this.#pull(number);
    pull.labels = pull.labels.filter((label) => !labels.includes(label));
  }

  async close(number: number, reason: string): Promise<void> {
    this.#write('close');
    const pull = this.#pull(number);
    pull.state = 'closed';
    pull.comments.push(reason);
  }

  async statuses(revision: string, context: string): Promise<CommitStatus[]> {
    return (this.said.get(revision) ?? []).filter((status) => status.context === context);
  }

  async setStatus(
    revision: string,
    status: Omit<CommitStatus, 'createdAt' | 'creator'>,
  ): Promise<CommitStatus> {
    this.#write('setStatus');
    const createdAt = new Date(this.nowMs).toISOString();
    const said = { ...status, createdAt, creator: this.user };
    this.said.set(revision, [said, ...(this.said.get(revision) ?? [])]);
    return said;
  }

  #write(name: string): void {
    this.beforeWrite(name);
    this.writes.push(name);
  }

  /** A commit, with all files of its tree. */
  add(
    {
      parents,
      files,
      author,
      subject,
    }: { parents: string[]; files: FileTree; author: string; subject: string },
    branch?: string,
  ): StoredCommit {
    const committedAt = new Date(this.nowMs).toISOString();
    const revision = digest([parents, [...files], author, subject, committedAt, this.commits.size]);
    const commit = { revision, tree: digest([...files]), parents, files, author, subject, committedAt };
    this.commits.set(revision, commit);
    if (branch !== undefined) this.branches.set(branch, revision);
    return commit;
  }

  #head(branch: string): StoredCommit {
    const commit = this.commits.get(this.branches.get(branch) ?? '');
    if (commit === undefined) throw new Error(`no branch ${branch}`);
    return commit;
  }

  #pull(number: number): StoredPull {
    const pull = this.pulls.find((one) => one.number === number);
    if (pull === undefined) throw new Error(`no pull request ${number}`);
    return pull;
  }

  #line(revision: string): StoredCommit[] {
    const line: StoredCommit[] = [];
    for (let at = this.commits.get(revision); at; at = this.commits.get(at.parents[0] ?? '')) line.push(at);
    return line;
  }
}

/** What the syncer says of environments, as a test sets it. */
export class Syncer {
  readonly states = new Map<string, ApplicationState>();

  /** Synced to a commit and healthy since then. */
  syncs(environment: string, revision: string, sinceMs: number): void {
    const since = new Date(sinceMs).toISOString();
    const before = this.states.get(environment)?.deployments ?? [];
    this.states.set(environment, {
      sync: 'Synced',
      revision,
      health: 'Healthy',
      healthSince: since,
      deployments: [...before, { revision, deployedAt: since }],
    });
  }

  async state(environment: string): Promise<ApplicationState | undefined> {
    return this.states.get(environment);
  }
}

export function applied(files: FileTree, changes: ReadonlyMap<string, string | undefined>): FileTree {
  const next = new Map(files);
  for (const [path, text] of changes) {
    if (text === undefined) next.delete(path);
    else next.set(path, text);
  }
  return new Map([...next].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function digest(value: unknown): string {
  return createHash('sha1').update(JSON.stringify(value)).digest('hex');
}

function shown({ number, head, base, title, body, labels }: StoredPull): PullRequest {
  return { number, url: `https://github.test/pull/${number}`, head, base, title, body, labels };
}
