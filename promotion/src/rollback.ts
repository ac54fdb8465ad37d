import { checkedOut } from './checkout.ts';
import { short } from './domain/gates.ts';
import { type PinChange, pinChanges, samePins, unreleased, withPins } from './domain/pins.ts';
import type { PromotionConfig } from './domain/promotion-config.ts';
import { bodyOf, branchOf, labelsOf, type Proposal, titleOf } from './domain/pull-request.ts';
import { distinctReleases, type ReleaseRecord, releaseBefore } from './domain/releases.ts';
import type { FieldChange } from './domain/rendered-diff.ts';
import { PromotionError } from './errors.ts';
import { checkRendered, type Environment, type Renderer, readEnvironment, readReleases } from './inputs.ts';
import { plannedRelease } from './planned-release.ts';
import type { ImageAttestation } from './ports/image-attestation.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { SourceHost } from './ports/source-host.ts';
import { propose, withdraw } from './propose.ts';
import { checkSchema } from './rollback-schema.ts';

export interface RollbackPorts {
  readonly repository: Repository & RepositoryHistory;
  readonly host: SourceHost;
  readonly render: Renderer;
  readonly images: Pick<ImageAttestation, 'provenance'>;
}

export interface RollbackOptions {
  readonly environment: string;
  /** A commit at which the environment had the wanted release; absent: the release before the present one. */
  readonly to?: string;
  readonly dryRun: boolean;
  /** Somebody has looked at the database, because its schema cannot be told from here. */
  readonly skipSchemaCheck: boolean;
}

export interface RollbackResult {
  /** `nothing`: the environment has these pins. */
  readonly outcome: 'opened' | 'updated' | 'unchanged' | 'nothing';
  readonly environment: string;
  /** Commit that brought the release that is gone back to. */
  readonly to: string;
  readonly revision: string;
  readonly branch: string;
  readonly pins: readonly PinChange[];
  readonly changes: readonly FieldChange[];
  readonly pullRequest?: { readonly number: number; readonly url: string };
  /** Number of a pull request that was closed because it is not wanted any more. */
  readonly closed?: number;
}

/**
 * Proposes that an environment runs an older release again. It waits for nothing and asks nobody whether anything is
 * healthy: only whether the older code can still use the database.
 * @throws {PromotionError} `schema_too_new`, `schema_unknown`, `nothing_to_roll_back`, `unreleased`, and what
 *   {@link checkedOut} throws
 */
export async function rollback(
  ports: RollbackPorts,
  config: PromotionConfig,
  options: RollbackOptions,
): Promise<RollbackResult> {
  const { repository, host } = ports;
  const { base } = config.repository;
  const { environment: name, dryRun, skipSchemaCheck } = options;
  const revision = await checkedOut(repository, host, base);
  const target = await readEnvironment(repository, revision, name);
  checkRendered(ports.render, target);
  const releases = distinctReleases(await readReleases(repository, revision, name));
  const older = olderRelease(releases, options.to, name);
  checkReleased(older, name);
  const branch = branchOf('rollback', name);
  const pins = pinChanges(target.pins, older.pins);
  const result = { environment: name, to: older.revision, revision, branch, pins, changes: [] };
  if (pins.length === 0) {
    const reason = `${name} runs what ${short(older.revision)} brought: nothing is left to do.`;
    const closed = await withdraw(host, { branch, base, dryRun }, reason);
    return { ...result, outcome: 'nothing', ...closed };
  }

  const newer = releases.slice(
    0,
    releases.findLastIndex((one) => samePins(one.pins, older.pins)),
  );
  if (!skipSchemaCheck) await checkSchema(ports, { name, older, newer });
  const planned = plannedRelease(ports.render, target, withPins(target.release, older.pins));
  const proposal = proposalOf({ target, older, pins, changes: planned.changes, skipSchemaCheck });
  const proposed = {
    branch,
    base,
    revision,
    directory: target.directory,
    files: planned.files,
    title: titleOf(proposal),
    body: bodyOf(proposal),
    labels: labelsOf(proposal),
    // Where that status is required, going back must not wait for it.
    because: 'a rollback waits for no gate',
  };
  const { outcome, pullRequest } = await propose(ports, proposed, { dryRun });
  return { ...result, outcome, changes: planned.changes, ...(pullRequest && { pullRequest }) };
}

function olderRelease(
  releases: readonly ReleaseRecord[],
  to: string | undefined,
  name: string,
): ReleaseRecord {
  const found =
    to === undefined ? releaseBefore(releases) : releases.find((one) => one.revision.startsWith(to));
  if (found !== undefined) return found;
  const known = releases.map((one) => `${short(one.revision)} (${one.committedAt}, ${one.subject})`);
  throw new PromotionError(
    'nothing_to_roll_back',
    to === undefined
      ? `${name} has had no release before this one: \`cofferdam history --env ${name}\``
      : `${to} is no commit that brought a release to ${name}; these did: ${known.slice(0, 10).join('; ')}`,
  );
}

function checkReleased({ pins, revision }: ReleaseRecord, name: string): void {
  if (unreleased(pins).length === 0) return;
  throw new PromotionError(
    'unreleased',
    `before this release (at ${short(revision)}) ${name} had digests of zeros, which are no images: name another with --to (\`cofferdam history --env ${name}\`)`,
  );
}

function proposalOf({
  target,
  older,
  pins,
  changes,
  skipSchemaCheck,
}: {
  target: Environment;
  older: ReleaseRecord;
  pins: readonly PinChange[];
  changes: readonly FieldChange[];
  skipSchemaCheck: boolean;
}): Proposal {
  return {
    purpose: 'rollback',
    environment: target.name,
    origin: `back to ${short(older.revision)}`,
    pins,
    changes,
    gates: [],
    notes: [
      `Back to what ${short(older.revision)} brought: ${older.subject}`,
      skipSchemaCheck
        ? '**The schema was not checked** (--skip-schema-check): a service whose code is too old for the database does not start.'
        : 'The databases accept the older code: no migration since then asks for newer code.',
      'The configuration stays as it is; only images go back.',
    ],
  };
}
