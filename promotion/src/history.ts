import { distinctReleases, type HistoryEntry, historyOf } from './domain/releases.ts';
import { readEnvironment, readReleases } from './inputs.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { MergedPullRequests } from './ports/source-host.ts';

export interface EnvironmentHistory {
  readonly environment: string;
  /** The commit whose history this is. */
  readonly revision: string;
  /** Newest first. */
  readonly releases: readonly HistoryEntry[];
}

/**
 * Who changed what an environment runs, and when: from Git, and from the host where it is given.
 * @param source the environment that it is promoted from, where there is one
 * @throws {PromotionError} `environment_unknown`, `clone_shallow`
 */
export async function history(
  repository: Repository & RepositoryHistory,
  {
    environment,
    source,
    pulls,
  }: { environment: string; source: string | undefined; pulls?: MergedPullRequests | undefined },
): Promise<EnvironmentHistory> {
  const revision = await repository.head();
  await readEnvironment(repository, revision, environment);
  const [own, theirs] = await Promise.all([
    readReleases(repository, revision, environment),
    source === undefined ? undefined : readReleases(repository, revision, source),
  ]);
  const releases = historyOf(distinctReleases(own), theirs && distinctReleases(theirs));
  return {
    environment,
    revision,
    releases: await Promise.all(releases.map((one) => withMerger(one, pulls))),
  };
}

async function withMerger(entry: HistoryEntry, pulls: MergedPullRequests | undefined): Promise<HistoryEntry> {
  if (pulls === undefined || entry.pullRequest === undefined) return entry;
  const mergedBy = await pulls.mergedBy(entry.pullRequest);
  return mergedBy === undefined ? entry : { ...entry, mergedBy };
}
