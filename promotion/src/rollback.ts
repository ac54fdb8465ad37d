import { checkedOut } from './checkout.ts';
import { short } from './domain/gates.ts';
import { samePins, unreleased } from './domain/pins.ts';
import type { PromotionConfig } from './domain/promotion-config.ts';
import { distinctReleases, type ReleaseRecord, releaseBefore } from './domain/releases.ts';
import { PromotionError } from './errors.ts';
import { readReleases } from './inputs.ts';
import type { ImageAttestation } from './ports/image-attestation.ts';
import {
  environmentAt,
  type ProposalPorts,
  type ProposalResult,
  proposeRelease,
  releaseProposal,
} from './release-proposal.ts';
import { checkSchema } from './rollback-schema.ts';

export interface RollbackPorts extends ProposalPorts {
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

export interface RollbackResult extends ProposalResult {
  readonly environment: string;
  /** Commit that brought the release that is gone back to. */
  readonly to: string;
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
  { environment: name, to, dryRun, skipSchemaCheck }: RollbackOptions,
): Promise<RollbackResult> {
  const { base } = config.repository;
  const revision = await checkedOut(ports.repository, ports.host, base);
  const environment = await environmentAt(ports, revision, name);
  const releases = distinctReleases(await readReleases(ports.repository, revision, name));
  const older = olderRelease(releases, to, name);
  checkReleased(older, name);
  const last = releases.findLastIndex((one) => samePins(one.pins, older.pins));
  const hasIt = samePins(environment.pins, older.pins);
  if (!hasIt && !skipSchemaCheck) await checkSchema(ports, { name, older, newer: releases.slice(0, last) });
  const wanted = releaseProposal(
    ports.render,
    { base, revision, environment },
    {
      purpose: 'rollback',
      origin: `back to ${short(older.revision)}`,
      pins: older.pins,
      gates: [],
      notes: notesOf(older, skipSchemaCheck),
      // Where that status is required, going back must not wait for it.
      because: 'a rollback waits for no gate',
    },
  );
  const nothingLeft = `${name} runs what ${short(older.revision)} brought: nothing is left to do.`;
  const done = await proposeRelease(ports, wanted, { dryRun, nothingLeft });
  return { environment: name, to: older.revision, ...done };
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

function notesOf({ revision, subject }: ReleaseRecord, skipSchemaCheck: boolean): string[] {
  return [
    `Back to what ${short(revision)} brought: ${subject}`,
    skipSchemaCheck
      ? '**The schema was not checked** (--skip-schema-check): a service whose code is too old for the database does not start.'
      : 'The databases accept the older code: no migration since then asks for newer code.',
    'The configuration stays as it is; only images go back.',
  ];
}
