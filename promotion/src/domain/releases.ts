import { type PinChange, type Pins, pinChanges, samePins } from './pins.ts';

/** One state of an environment's `release.yaml`, with the commit that made it so. */
export interface ReleaseRecord {
  readonly revision: string;
  readonly author: string;
  /** RFC 3339. */
  readonly committedAt: string;
  readonly subject: string;
  readonly pins: Pins;
}

/** Records newest first, without those that only changed a comment. */
export function distinctReleases(records: readonly ReleaseRecord[]): ReleaseRecord[] {
  return records.filter(({ pins }, index) => {
    const before = records[index + 1];
    return before === undefined || !samePins(pins, before.pins);
  });
}

/**
 * Whether an environment has had these pins and went back from them to what it had before. Said by content alone, so
 * that it holds whoever went back, and however.
 * @param releases of the target, distinct, newest first
 */
export function wasRolledBack(releases: readonly ReleaseRecord[], wanted: Pins): ReleaseRecord | undefined {
  const current = releases[0];
  const had = releases.findIndex(({ pins }) => samePins(pins, wanted));
  if (current === undefined || had <= 0) return undefined;
  const wentBack = releases.slice(had + 1).some(({ pins }) => samePins(pins, current.pins));
  return wentBack ? releases[had - 1] : undefined;
}

/** The release that an environment had before the one it has; one that it came back to is not gone forward from. */
export function releaseBefore(releases: readonly ReleaseRecord[]): ReleaseRecord | undefined {
  const current = releases[0];
  if (current === undefined) return undefined;
  const first = releases.findLastIndex(({ pins }) => samePins(pins, current.pins));
  return releases[first + 1];
}

export type ReleaseKind = 'first' | 'promotion' | 'rollback' | 'release';

export interface HistoryEntry extends Omit<ReleaseRecord, 'pins'> {
  readonly kind: ReleaseKind;
  readonly pullRequest: number | undefined;
  /** Whoever merged it, where the host was asked. */
  readonly mergedBy?: string;
  readonly changes: readonly PinChange[];
}

/**
 * Who changed what an environment runs, newest first.
 * @param source the releases of the environment that it is promoted from, where there is one
 */
export function historyOf(
  releases: readonly ReleaseRecord[],
  source: readonly ReleaseRecord[] | undefined,
): HistoryEntry[] {
  return releases.map((record, index) => {
    const { pins, ...rest } = record;
    const earlier = releases.slice(index + 1);
    const kind = kindOf(pins, earlier, source);
    const changes = pinChanges(earlier[0]?.pins ?? {}, pins);
    return { ...rest, kind, pullRequest: pullRequestOf(record.subject), changes };
  });
}

function kindOf(
  pins: Pins,
  earlier: readonly ReleaseRecord[],
  source: readonly ReleaseRecord[] | undefined,
): ReleaseKind {
  if (earlier.length === 0) return 'first';
  if (earlier.some((one) => samePins(one.pins, pins))) return 'rollback';
  return source?.some((one) => samePins(one.pins, pins)) ? 'promotion' : 'release';
}

/** GitHub's own subjects: `... (#12)` of a squash, `Merge pull request #12 from ...` of a merge. */
export function pullRequestOf(subject: string): number | undefined {
  const found = /\(#(\d+)\)\s*$/.exec(subject) ?? /^Merge pull request #(\d+) /.exec(subject);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}
