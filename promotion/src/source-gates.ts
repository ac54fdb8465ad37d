import { type GateDecision, healthGates, imagesGate, type SourceContent, sloGate } from './domain/gates.ts';
import type { Pins } from './domain/pins.ts';
import { gatesOf, type PromotionStep } from './domain/promotion-config.ts';
import { PromotionError } from './errors.ts';
import type { ApplicationHealth } from './ports/application-health.ts';
import type { ImageAttestation, ImageEvidence } from './ports/image-attestation.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { SloBurn } from './ports/slo-burn.ts';

export interface GatePorts {
  readonly health: ApplicationHealth;
  readonly images: ImageAttestation;
  readonly slo: SloBurn;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** At which commits the source is what it is at the head. */
export async function sourceContent(
  repository: Repository & RepositoryHistory,
  environment: string,
  head: string,
): Promise<SourceContent> {
  const [newest] = await repository.log(head, [`environments/${environment}/rendered`], 1);
  if (newest === undefined) {
    throw new PromotionError(
      'rendered_stale',
      `nothing was ever rendered for ${environment}: run \`npm run synth\` and commit what it writes`,
    );
  }
  const revisions = await repository.between(newest.revision, head);
  return { environment, head, revisions };
}

/** Everything that has to hold before `pins` may go on from the source: the ones that fail, too. */
export async function sourceGates(
  ports: GatePorts,
  step: PromotionStep,
  { content, pins }: { content: SourceContent; pins: Pins },
): Promise<GateDecision[]> {
  const asked = gatesOf(step);
  const [state, evidence, slo] = await Promise.all([
    ports.health.state(step.from, content.revisions),
    asked.includes('images') ? ports.images.evidence(Object.values(pins)) : undefined,
    asked.includes('slo') ? ports.slo.state(step.from) : undefined,
  ]);
  return [
    ...healthGates(state, content, { nowMs: ports.now(), soakMinutes: step.soakMinutes }),
    ...(evidence === undefined ? [] : [imagesGate(evidence)]),
    ...(slo === undefined ? [] : [sloGate(slo, step.from)]),
  ];
}

/** The first that holds it up; one that waiting does not mend comes before one that it may. */
export function heldBy(gates: readonly GateDecision[]): GateDecision | undefined {
  const failed = gates.filter(({ passed }) => !passed);
  return failed.find(({ mayPassLater }) => !mayPassLater) ?? failed[0];
}

/** An image is named by its digest: what was found of it stays true while we wait. */
export function evidenceOnce(images: ImageAttestation): ImageAttestation {
  let found: Promise<ImageEvidence[]> | undefined;
  return {
    ...images,
    evidence(wanted) {
      found ??= images.evidence(wanted).catch((error: unknown) => {
        found = undefined;
        throw error;
      });
      return found;
    },
  };
}
