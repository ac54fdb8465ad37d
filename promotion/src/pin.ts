import { Release } from '@cofferdam/cdk8s';
import { checkedOut } from './checkout.ts';
import { type Pins, unreleased } from './domain/pins.ts';
import type { PromotionConfig } from './domain/promotion-config.ts';
import { PromotionError } from './errors.ts';
import {
  environmentAt,
  type ProposalPorts,
  type ProposalResult,
  proposeRelease,
  releaseProposal,
} from './release-proposal.ts';

export interface PinOptions {
  /** An environment that no other is promoted to: the first that a release comes to. */
  readonly environment: string;
  readonly images: Pins;
  /** Name of the release, such as `v1.2.3`. */
  readonly release: string;
  /** Writes nothing. */
  readonly dryRun: boolean;
}

export interface PinResult extends ProposalResult {
  readonly environment: string;
}

/**
 * Proposes that the first environment runs what was just released. From there a release goes on by promotion, with its
 * gates; here there is nothing yet that it could have proved itself in.
 * @throws {PromotionError} `pin_invalid`, `environment_unknown`, `unreleased`, and what {@link checkedOut} throws
 */
export async function pin(
  ports: ProposalPorts,
  config: PromotionConfig,
  { environment: name, images, release, dryRun }: PinOptions,
): Promise<PinResult> {
  const { base } = config.repository;
  checkFirst(config, name);
  checkImages(images);
  const revision = await checkedOut(ports.repository, ports.host, base);
  const environment = await environmentAt(ports, revision, name);
  const wanted = releaseProposal(
    ports.render,
    { base, revision, environment },
    {
      purpose: 'release',
      origin: release,
      pins: { ...environment.pins, ...images },
      gates: [],
      notes: [],
      // Where that status is required, a release has to have it too.
      because: `${name} is the first: nothing to prove`,
    },
  );
  const nothingLeft = `${name} runs ${release}.`;
  return { environment: name, ...(await proposeRelease(ports, wanted, { dryRun, nothingLeft })) };
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
