import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CommitStatus,
  type CommitStatuses,
  gitRepository,
  type PullRequest,
  type PullRequests,
  type SourceHost,
} from '@cofferdam/promotion';
import { ENGINEER, type Git, gitIn } from './git.ts';
import { commitAt, commitTree, localBranches } from './local-host.ts';

/** A pull request as it lies in the repository, `pull-requests/<number>.json`. */
export interface LocalPull extends PullRequest {
  readonly state: 'open' | 'closed' | 'merged';
  readonly comments: readonly string[];
}

/** What stands in for GitHub, in a bare repository of this machine. */
export interface LocalHost extends SourceHost {
  /** Every pull request there ever was, oldest first. */
  pulls(): LocalPull[];
  /** What a person does after looking at it. @returns the commit that the base branch is at then */
  merge(number: number): Promise<string>;
}

/** @param directory a bare repository; records of pull requests and statuses are kept beside its objects */
export function localHost(directory: string, now: () => number): LocalHost {
  const git = gitIn(directory);
  const records = pullRecords(join(directory, 'pull-requests'));
  return {
    ...localBranches(git, gitRepository(directory)),
    ...localPulls(directory, records),
    ...localStatuses(join(directory, 'statuses'), now),
    pulls: records.all,
    async merge(number) {
      const merged = await mergeCommit(git, records.get(number));
      records.change(number, { state: 'merged' });
      return merged;
    },
  };
}

function localPulls(directory: string, records: ReturnType<typeof pullRecords>): PullRequests {
  return {
    async findOpen({ head, base }) {
      return records.all().find((pull) => pull.state === 'open' && pull.head === head && pull.base === base);
    },
    async open(pull) {
      const found = await this.findOpen(pull);
      if (found !== undefined) return found;
      const number = records.all().length + 1;
      const url = `file://${join(directory, 'pull-requests', `${number}.json`)}`;
      return records.save({ ...pull, number, url, labels: [], state: 'open', comments: [] });
    },
    async update(number, text) {
      records.change(number, text);
    },
    async addLabels(number, labels) {
      records.change(number, { labels: [...new Set([...records.get(number).labels, ...labels])] });
    },
    async removeLabels(number, labels) {
      records.change(number, { labels: records.get(number).labels.filter((one) => !labels.includes(one)) });
    },
    async close(number, reason) {
      records.change(number, { state: 'closed', comments: [...records.get(number).comments, reason] });
    },
  };
}

function pullRecords(directory: string) {
  mkdirSync(directory, { recursive: true });
  const path = (number: number) => join(directory, `${number}.json`);
  const get = (number: number): LocalPull => JSON.parse(readFileSync(path(number), 'utf8'));
  const save = (pull: LocalPull): LocalPull => {
    writeFileSync(path(pull.number), `${JSON.stringify(pull, null, 2)}\n`);
    return pull;
  };
  return {
    get,
    save,
    change: (number: number, change: Partial<LocalPull>) => save({ ...get(number), ...change }),
    all: () => readdirSync(directory).map((_, index) => get(index + 1)),
  };
}

/** With GitHub's own subject, by which `history` knows which pull request brought what. */
async function mergeCommit(git: Git, { number, head, base, title }: LocalPull): Promise<string> {
  const [ours, theirs] = await Promise.all([
    commitAt(git, `refs/heads/${base}`),
    commitAt(git, `refs/heads/${head}`),
  ]);
  if (ours === undefined || theirs === undefined) throw new Error(`${head} or ${base} is gone`);
  const tree =
    theirs.parents[0] === ours.revision
      ? theirs.tree
      : await git(['merge-tree', '--write-tree', ours.revision, theirs.revision]);
  const message = `Merge pull request #${number} from acme/${head}\n\n${title}\n`;
  const parents = [ours.revision, theirs.revision];
  const { revision } = await commitTree(git, { tree, parents, message, by: ENGINEER });
  await git(['update-ref', `refs/heads/${base}`, revision, ours.revision]);
  await git(['update-ref', '-d', `refs/heads/${head}`]);
  return revision;
}

function localStatuses(directory: string, now: () => number): CommitStatuses {
  mkdirSync(directory, { recursive: true });
  const read = (revision: string): CommitStatus[] => {
    try {
      return JSON.parse(readFileSync(join(directory, `${revision}.json`), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };
  return {
    async statuses(revision, context) {
      return read(revision).filter((status) => status.context === context);
    },
    async setStatus(revision, status) {
      const createdAt = new Date(now()).toISOString();
      const all: CommitStatus[] = [{ ...status, createdAt, creator: undefined }, ...read(revision)];
      writeFileSync(join(directory, `${revision}.json`), `${JSON.stringify(all, null, 2)}\n`);
      return { creator: undefined };
    },
  };
}
