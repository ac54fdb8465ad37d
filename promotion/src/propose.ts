import { checkUnmoved } from './checkout.ts';
import type { ChangeSet } from './domain/change-set.ts';
import { mergedBody } from './domain/pull-request.ts';
import { PromotionError } from './errors.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { Commit, PullRequest, SourceHost } from './ports/source-host.ts';

export interface Proposed {
  readonly branch: string;
  readonly base: string;
  /** Head of the base branch, which everything was computed from. */
  readonly revision: string;
  /** The only directory that the files are in, such as `environments/prod`. */
  readonly directory: string;
  readonly files: ChangeSet;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  /** Said of the branch's commit, where there is something to say. */
  readonly status?: { readonly context: string; readonly description: string };
}

export interface ProposeOutcome {
  readonly outcome: 'opened' | 'updated' | 'unchanged';
  /** Absent in a dry run that would open it. */
  readonly pullRequest?: { readonly number: number; readonly url: string };
  readonly branchWritten: boolean;
}

type Ports = { repository: Repository & RepositoryHistory; host: SourceHost };

/**
 * Makes the one pull request of a branch say this. Looks first and writes what differs, in an order in which a run
 * that ends between two writes leaves something that is true and that the next run completes.
 * @throws {PromotionError} `target_moved`
 */
export async function propose(
  ports: Ports,
  wanted: Proposed,
  { dryRun }: { dryRun: boolean },
): Promise<ProposeOutcome> {
  const { host } = ports;
  const { branch, base } = wanted;
  const [found, pull] = await Promise.all([host.head(branch), host.findOpen({ head: branch, base })]);
  const holds = found !== undefined && (await isCurrent(ports.repository, wanted, found));
  const body = pull === undefined ? wanted.body : mergedBody(pull.body, wanted.body, holds);
  const text = { title: wanted.title, body };
  const labels = wanted.labels.filter((label) => !pull?.labels.includes(label));
  const textDiffers = pull?.title !== text.title || normal(pull.body) !== normal(body);
  const status = wanted.status && { ...wanted.status, state: 'success' as const };
  const isSaid = status === undefined || (holds && (await lastSaid(host, found.revision, status)));
  const changes = !holds || textDiffers || labels.length > 0 || !isSaid;
  const outcome = pull === undefined ? 'opened' : changes ? 'updated' : 'unchanged';
  if (dryRun) return { outcome, branchWritten: !holds, ...seen(pull) };

  const head = holds ? found.revision : await writeBranch(ports, wanted, found);
  const open = pull ?? (await host.open({ head: branch, base, ...text }));
  const stale = pull === undefined && (open.title !== text.title || normal(open.body) !== normal(body));
  if ((pull !== undefined && textDiffers) || stale) await host.update(open.number, text);
  if (labels.length > 0) await host.addLabels(open.number, labels);
  if (status !== undefined && !isSaid) await sayStatus(host, head, status);
  return { outcome, branchWritten: !holds, ...seen(open) };
}

/**
 * Whether a branch holds exactly this proposal: one commit, on what was or is the base, with these files and no other
 * change. When only other parts of the base branch moved on, it stays, and so do its reviews and checks.
 */
export async function isCurrent(
  repository: Repository & RepositoryHistory,
  { revision, directory, files }: Pick<Proposed, 'revision' | 'directory' | 'files'>,
  branch: Commit,
): Promise<boolean> {
  const [parent, ...others] = branch.parents;
  if (parent === undefined || others.length > 0) return false;
  if (!(await repository.contains(revision, parent))) return false;
  const [there, here] = await Promise.all([
    repository.objectId(parent, directory),
    repository.objectId(revision, directory),
  ]);
  return there === here && (await repository.treeWith(parent, files)) === branch.tree;
}

async function writeBranch(
  { repository, host }: Ports,
  { branch, base, revision, files, title }: Proposed,
  found: Commit | undefined,
): Promise<string> {
  const parent = await host.head(base);
  if (parent?.revision !== revision) await checkUnmoved(host, base, revision);
  if (parent === undefined) throw new PromotionError('target_moved', `${base} is gone: run it again`);
  const commit = await host.createCommit({ parent, files, message: title });
  const tree = await repository.treeWith(revision, files);
  if (commit.tree !== tree) {
    throw new PromotionError(
      'target_moved',
      `the host made tree ${commit.tree} of what is ${tree} here, and no branch was written: run it again`,
    );
  }
  await checkUnmoved(host, base, revision);
  await host.setBranch(branch, { from: found?.revision, to: commit.revision });
  return commit.revision;
}

interface Said {
  readonly context: string;
  readonly description: string;
  readonly state: 'success' | 'pending' | 'failure';
}

/** Says something about a commit, unless it was the last thing said. */
export async function sayStatus(host: SourceHost, revision: string, said: Said): Promise<void> {
  if (await lastSaid(host, revision, said)) return;
  await host.setStatus(revision, { ...said, description: fitting(said.description) });
}

async function lastSaid(host: SourceHost, revision: string, said: Said): Promise<boolean> {
  const [last] = await host.statuses(revision, said.context);
  return last?.state === said.state && last.description === fitting(said.description);
}

/** GitHub takes 140 characters. */
function fitting(text: string): string {
  return text.length <= 140 ? text : `${text.slice(0, 139)}…`;
}

/** GitHub's editor ends lines with CRLF, and a body's end is trimmed. */
function normal(text: string): string {
  return text.replaceAll('\r\n', '\n').trimEnd();
}

function seen(pull: PullRequest | undefined): Pick<ProposeOutcome, 'pullRequest'> {
  return pull === undefined ? {} : { pullRequest: { number: pull.number, url: pull.url } };
}
