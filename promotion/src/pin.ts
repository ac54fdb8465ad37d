import { Release } from '@cofferdam/cdk8s';
import { checkedOut } from './checkout.ts';
import { type PinChange, type Pins, pinChanges, unreleased, withPins } from './domain/pins.ts';
import type { PromotionConfig } from './domain/promotion-config.ts';
import { bodyOf, branchOf, labelsOf, type Proposal, titleOf } from './domain/pull-request.ts';
import type { FieldChange } from './domain/rendered-diff.ts';
import { PromotionError } from './errors.ts';
import { checkRendered, type Renderer, readEnvironment } from './inputs.ts';
import { plannedRelease } from './planned-release.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { SourceHost } from './ports/source-host.ts';
import { propose, withdraw } from './propose.ts';

export interface PinPorts {
  readonly repository: Repository & RepositoryHistory;
  readonly host: SourceHost;
  readonly render: Renderer;
}

export interface PinOptions {
  /** An environment that no other is promoted to: the first that a release comes to. */
  readonly environment: string;
  readonly images: Pins;
  /** Name of the release, such as `v1.2.3`. */
  readonly release: string;
  /** Writes nothing. */
  readonly dryRun: boolean;
}

export interface PinResult {
  /** `nothing`: the environment has these pins. */
  readonly outcome: 'opened' | 'updated' | 'unchanged' | 'nothing';
  readonly environment: string;
  readonly revision: string;
  readonly branch: string;
  readonly pins: readonly PinChange[];
  readonly changes: readonly FieldChange[];
  readonly pullRequest?: { readonly number: number; readonly url: string };
  /** Number of a pull request that was closed because it is not wanted any more. */
  readonly closed?: number;
}

/**
 * Proposes that the first environment runs what was just released. From there a release goes on by promotion, with its
 * gates; here there is nothing yet that it could have proved itself in.
 * @throws {PromotionError} `pin_invalid`, `environment_unknown`, `unreleased`, and what {@link checkedOut} throws
 */
export async function pin(
  { repository, host, render }: PinPorts,
  config: PromotionConfig,
  { environment, images, release, dryRun }: PinOptions,
): Promise<PinResult> {
  const { base } = config.repository;
  checkFirst(config, environment);
  checkImages(images);
  const revision = await checkedOut(repository, host, base);
  const target = await readEnvironment(repository, revision, environment);
  checkRendered(render, target);

  const pins = pinChanges(target.pins, { ...target.pins, ...images });
  const branch = branchOf('release', environment);
  const result = { environment, revision, branch, pins, changes: [] };
  if (pins.length === 0) {
    const closed = await withdraw(host, { branch, base, dryRun }, `${environment} runs ${release}.`);
    return { ...result, outcome: 'nothing', ...closed };
  }

  const planned = plannedRelease(render, target, withPins(target.release, images));
  const proposal: Proposal = {
    purpose: 'release',
    environment,
    origin: release,
    pins,
    changes: planned.changes,
    gates: [],
    notes: [],
  };
  const proposed = {
    branch,
    base,
    revision,
    directory: target.directory,
    files: planned.files,
    title: titleOf(proposal),
    body: bodyOf(proposal),
    labels: labelsOf(proposal),
    // Where that status is required, a release has to have it too.
    because: `${environment} is the first: nothing to prove`,
  };
  const { outcome, pullRequest } = await propose({ repository, host }, proposed, { dryRun });
  return { ...result, outcome, changes: planned.changes, ...(pullRequest && { pullRequest }) };
}

function checkFirst({ steps }: PromotionConfig, environment: string): void {
  const step = steps.find(({ to }) => to === environment);
  if (step === undefined) return;
  throw new PromotionError(
    'environment_unknown',
    `${environment} takes its releases from ${step.from}: \`cofferdam promote --from ${step.from} --to ${environment}\``,
  );
}

function checkImages(images: Pins): void {
  const { error } = Release.shape.images.partial().safeParse(images);
  if (error !== undefined) {
    const problems = error.issues.map(({ path, message }) => [...path, message].join(': '));
    throw new PromotionError(
      'pin_invalid',
      `${problems.join('; ')}: give \`image@sha256:<64 hex digits>\` for a component of release.yaml, never a tag`,
    );
  }
  const zero = unreleased(images);
  if (zero.length === 0) return;
  throw new PromotionError('unreleased', `the digest of ${zero.join(', ')} is all zeros, which is no image`);
}
