import type { CommitStatuses } from '../ports/source-host.ts';
import { STATUS_CONTEXT } from '../propose.ts';

/**
 * A host on which the status of promotions counts as posted by one identity alone: the one that a ruleset takes it from.
 * What others said of a commit is then nothing that was said, and does not keep that one from saying the same.
 * @param warn called when this run posts it as somebody else
 */
export function postedBy<Host extends CommitStatuses>(
  host: Host,
  creator: string,
  warn: (line: string) => void,
): Host {
  const statuses: CommitStatuses['statuses'] = async (revision, context) => {
    const all = await host.statuses(revision, context);
    return context === STATUS_CONTEXT ? all.filter((status) => status.creator === creator) : all;
  };
  const setStatus: CommitStatuses['setStatus'] = async (revision, status) => {
    const posted = await host.setStatus(revision, status);
    if (status.context === STATUS_CONTEXT && posted.creator !== creator) {
      warn(
        `status ${STATUS_CONTEXT} was posted as ${posted.creator ?? 'nobody knows whom'}, and environments/promotion.yaml takes it from ${creator} alone: it may not be merged before that one says it, too (workflows promote and rollback do)`,
      );
    }
    return posted;
  };
  return { ...host, statuses, setStatus };
}
