import type { Database, Logger, Metrics } from '@cofferdam/runtime';
import { type ChainHead, firstBrokenLink } from '../domain/audit-chain.ts';
import { chainsNotAnchored, type Leftover } from '../storage/audit-anchors.ts';
import { linksAfter } from '../storage/audit-trail.ts';

export interface LeftoversOptions {
  database: Database;
  /** Of this process. */
  run: string;
  logger: Logger;
  metrics: Metrics;
  now?: () => number;
}

/** A run that lives anchors its chains within seconds: no other has rows of a minute ago that no anchor covers. */
const QUIET_MS = 60_000;
const CHAINS_AT_A_TIME = 50;
const LINKS_AT_A_TIME = 5000;

/**
 * The ends of chains that nobody will anchor any more: their run was killed, or did not learn whether a commit was
 * carried out. What follows the last anchor is walked, and an end that does not follow from it is not vouched for.
 */
export function createLeftovers(options: LeftoversOptions) {
  const { database, run, logger, now = Date.now } = options;
  const broken = new Set<string>();
  options.metrics.meter
    .createObservableGauge('cofferdam_audit_broken_chains', {
      description: 'Audit chains that do not follow from their last anchor, as far as was seen.',
    })
    .addCallback((result) => result.observe(broken.size));

  const endOf = async ({ anchored }: Leftover): Promise<ChainHead | undefined> => {
    const { writer } = anchored;
    const links = await linksAfter(database, anchored, LINKS_AT_A_TIME);
    const position = firstBrokenLink(writer, links, anchored);
    const last = links.at(-1);
    if (position === undefined || last === undefined) return last;
    if (!broken.has(writer)) logger.error({ writer, position }, 'an audit chain is broken');
    broken.add(writer);
    return undefined;
  };

  return async (which: 'quiet' | 'of this run'): Promise<ChainHead[]> => {
    const found = await chainsNotAnchored(database, {
      ...(which === 'of this run' ? { writers: `${run}/` } : { quietSince: new Date(now() - QUIET_MS) }),
      limit: CHAINS_AT_A_TIME,
    });
    const ends: ChainHead[] = [];
    for (const leftover of found) {
      const end = await endOf(leftover);
      if (end) ends.push(end);
    }
    return ends;
  };
}
