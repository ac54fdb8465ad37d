import { checkUnmoved } from './checkout.ts';
import type { ChangeSet } from './domain/change-set.ts';
import { mergedBody, staleLabels } from './domain/pull-request.ts';
import { PromotionError } from './errors.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { Commit, CommitState, PullRequest, SourceHost } from './ports/source-host.ts';

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
  /** Why the branch's commit may be merged: its status {@link STATUS_CONTEXT} says so. */
  readonly because: string;
}

export interface ProposeOutcome {
  readonly outcome: 'opened' | 'updated' | 'unchanged';
  /** Absent in a dry run that would open it. */
  readonly pullRequest?: { readonly number: number; readonly url: string };
}

/** Of the pull request's commit: a branch protection that asks for it holds back what no longer proves itself. */
export const STATUS_CONTEXT = 'cofferdam/promotion';

type Ports = { repository: Repository & RepositoryHistory; host: SourceHost };

/**
 * Makes the one pull request of a branch say this. Looks first and writes what differs, in an order in which a run
 * that ends between two writes leaves something that is true and that the next run completes. What reviewers read never
 * comes after what they approve, and `success` is said last, of a base that is still what all of this was computed from.
 * @throws {PromotionError} `target_moved`
 */
export async function propose(
  ports: Ports,
  wanted: Proposed,
  { dryRun }: { dryRun: boolean },
): Promise<ProposeOutcome> {
  const { host } = ports;
  const { branch, base, revision } = wanted;
  const [found, pull] = await Promise.all([host.head(branch), host.findOpen({ head: branch, base })]);
  const holds = found !== undefined && (await isCurrent(ports.repository, wanted, found));
  const body = pull === undefined ? wanted.body : mergedBody(pull.body, wanted.body, holds);
  const text = { title: wanted.title, body };
  const labels = wanted.labels.filter((label) => !pull?.labels.includes(label));
  const gone = staleLabels(pull?.labels ?? [], wanted.labels);
  const textDiffers = pull?.title !== text.title || normal(pull.body) !== normal(body);
  const status = { state: 'success', description: wanted.because } as const;
  const isSaid = holds && (await lastSaid(host, found.revision, status));
  const changes = !holds || textDiffers || labels.length > 0 || gone.length > 0 || !isSaid;
  const outcome = pull === undefined ? 'opened' : changes ? 'updated' : 'unchanged';
  if (dryRun || (pull !== undefined && !changes)) return { outcome, ...seen(pull) };

  await checkUnmoved(host, { base, revision });
  const head = holds ? found.revision : (await newCommit(ports, wanted)).revision;
  if (pull !== undefined && found !== undefined && !holds) {
    const description = 'another release takes its place';
    await sayStatus(host, found.revision, { state: 'pending', description });
  }
  if (pull !== undefined && textDiffers) await host.update(pull.number, text);
  if (!holds) await host.setBranch(branch, { from: found?.revision, to: head });
  const open = pull ?? (await host.open({ head: branch, base, ...text }));
  const stale = pull === undefined && (open.title !== text.title || normal(open.body) !== normal(body));
  if (stale) await host.update(open.number, text);
  if (labels.length > 0) await host.addLabels(open.number, labels);
  if (gone.length > 0) await host.removeLabels(open.number, gone);
  await checkUnmoved(host, wanted, `pull request ${open.number} may not be merged before the next run`);
  await sayStatus(host, head, status);
  return { outcome, ...seen(open) };
}

/** Which pull request: the one from this branch into that one. */
export interface OpenPull {
  readonly branch: string;
  readonly base: string;
  readonly dryRun: boolean;
}

/**
 * What is open and no longer wanted must not be merged: its commit says so first, for that is what holds it back where
 * the token may not close it.
 * @returns number of the pull request that was closed (in a dry run: that would be)
 */
export async function withdraw(
  host: SourceHost,
  { branch, base, dryRun }: OpenPull,
  reason: string,
): Promise<{ closed?: number }> {
  const pull = await host.findOpen({ head: branch, base });
  if (pull === undefined) return {};
  if (dryRun) return { closed: pull.number };
  const head = await host.head(branch);
  if (head !== undefined) await sayStatus(host, head.revision, { state: 'failure', description: reason });
  await host.close(pull.number, reason);
  return { closed: pull.number };
}

/** Says of what is open that nobody knows whether it still holds. A host that cannot be told is no other error. */
export async function doubt(
  host: SourceHost,
  { branch, base, dryRun }: OpenPull,
  error: unknown,
): Promise<void> {
  if (dryRun) return;
  const code = error instanceof PromotionError ? error.code : 'unexpected error';
  const said: Said = { state: 'pending', description: `could not be checked (${code})` };
  try {
    await sayOfPull(host, { branch, base }, said);
  } catch {
    // What is thrown is why it could not be checked.
  }
}

/** Says something about the commit of the pull request that is open, where one is. */
export async function sayOfPull(
  host: SourceHost,
  { branch, base }: Omit<OpenPull, 'dryRun'>,
  said: Said,
): Promise<void> {
  const pull = await host.findOpen({ head: branch, base });
  const head = pull && (await host.head(branch));
  if (head !== undefined) await sayStatus(host, head.revision, said);
}

/**
 * Whether a branch holds exactly this proposal: one commit, on what was or is the base, with these files and no other
 * change. When only other parts of the base branch moved on, it stays, and so do its reviews and checks. One that was
 * merged and not deleted holds nothing that could be merged again.
 */
export async function isCurrent(
  repository: Repository & RepositoryHistory,
  { revision, directory, files }: Pick<Proposed, 'revision' | 'directory' | 'files'>,
  branch: Commit,
): Promise<boolean> {
  const [parent, ...others] = branch.parents;
  if (parent === undefined || others.length > 0) return false;
  if (!(await repository.contains(revision, parent))) return false;
  if (await repository.contains(revision, branch.revision)) return false;
  const [there, here] = await Promise.all([
    repository.objectId(parent, directory),
    repository.objectId(revision, directory),
  ]);
  return there === here && (await repository.treeWith(parent, files)) === branch.tree;
}

/** The commit that the branch is to point to: nobody sees it yet. */
async function newCommit(
  { repository, host }: Ports,
  { base, revision, files, title }: Proposed,
): Promise<Commit> {
  const parent = await host.head(base);
  if (parent === undefined) throw new PromotionError('target_moved', `${base} is gone: run it again`);
  const commit = await host.createCommit({ parent, files, message: title });
  const tree = await repository.treeWith(revision, files);
  if (commit.tree !== tree) {
    throw new PromotionError(
      'target_moved',
      `the host made tree ${commit.tree} of what is ${tree} here, and no branch was written: run it again`,
    );
  }
  await checkUnmoved(host, { base, revision });
  return commit;
}

interface Said {
  readonly description: string;
  readonly state: CommitState;
}

/** Says something about a commit, unless it was the last thing said. */
export async function sayStatus(host: SourceHost, revision: string, said: Said): Promise<void> {
  if (await lastSaid(host, revision, said)) return;
  const { state, description } = said;
  await host.setStatus(revision, { context: STATUS_CONTEXT, state, description: fitting(description) });
}

async function lastSaid(host: SourceHost, revision: string, said: Said): Promise<boolean> {
  const [last] = await host.statuses(revision, STATUS_CONTEXT);
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
