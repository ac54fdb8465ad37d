import type { PromotionErrorCode } from '../errors.ts';
import type { ApplicationState, Deployment } from '../ports/application-health.ts';
import type { ImageEvidence } from '../ports/image-attestation.ts';
import type { SloState } from '../ports/slo-burn.ts';

export type Gate = 'synced' | 'healthy' | 'soaked' | 'images' | 'slo';

/** What one gate says, from what was observed. */
export interface GateDecision {
  readonly gate: Gate;
  readonly passed: boolean;
  /** The same for the same state, whatever the time is: it goes into the pull request. */
  readonly evidence: string;
  /** Absent where it passed. */
  readonly code?: PromotionErrorCode;
  /** What a person does about it; absent where it passed. */
  readonly next?: string;
  /** It may pass by waiting alone. */
  readonly mayPassLater?: boolean;
  /** Milliseconds since the epoch: when it passes if nothing changes. */
  readonly passesAtMs?: number;
}

export interface SourceContent {
  readonly environment: string;
  /** Head of the base branch. */
  readonly head: string;
  /** Commits up to the head at which the environment's rendered files are the same, newest first. */
  readonly revisions: readonly string[];
}

/** Synced, healthy, soaked: in this order, and the later ones only say something when the earlier ones hold. */
export function healthGates(
  state: ApplicationState | undefined,
  content: SourceContent,
  { nowMs, soakMinutes }: { nowMs: number; soakMinutes: number },
): GateDecision[] {
  const synced = syncedGate(state, content);
  if (state === undefined || !synced.passed) return [synced];
  const healthy = healthyGate(state, content.environment);
  if (!healthy.passed) return [synced, healthy];
  return [synced, healthy, soakedGate(state, content, { nowMs, soakMinutes })];
}

function syncedGate(state: ApplicationState | undefined, content: SourceContent): GateDecision {
  const { environment, head, revisions } = content;
  const refuse = (evidence: string, next: string): GateDecision => ({
    gate: 'synced',
    passed: false,
    code: 'not_synced',
    mayPassLater: true,
    evidence,
    next,
  });
  const look = `look at Application cofferdam-${environment}, or give --wait`;
  if (state === undefined) {
    return refuse(
      `nothing is known of ${environment} at ${short(head)}`,
      `check that Argo CD has an Application cofferdam-${environment} that follows this branch, or give --wait`,
    );
  }
  const { sync, revision, message } = state;
  if (sync !== 'Synced')
    return refuse(`${environment} is ${sync}${message === undefined ? '' : `: ${message}`}`, look);
  if (revision === undefined || !revisions.includes(revision)) {
    return refuse(
      `${environment} is synced to ${revision === undefined ? 'no revision' : short(revision)}, whose rendered files are not those of ${short(head)}`,
      look,
    );
  }
  return {
    gate: 'synced',
    passed: true,
    evidence: `${environment} runs what is rendered at ${short(revisions.at(-1) ?? revision)}`,
  };
}

function healthyGate(state: ApplicationState, environment: string): GateDecision {
  const { health, message } = state;
  if (health === 'Healthy') return { gate: 'healthy', passed: true, evidence: `${environment} is Healthy` };
  return {
    gate: 'healthy',
    passed: false,
    code: 'unhealthy',
    mayPassLater: true,
    evidence: `${environment} is ${health}${message === undefined ? '' : `: ${message}`}`,
    next: `find the cause with \`cofferdam status -A\` and \`cofferdam why\` on the cluster of ${environment}; to undo the release there: \`cofferdam rollback --env ${environment}\``,
  };
}

function soakedGate(
  state: ApplicationState,
  content: SourceContent,
  { nowMs, soakMinutes }: { nowMs: number; soakMinutes: number },
): GateDecision {
  const healthyMs = Date.parse(state.healthSince ?? '');
  if (Number.isNaN(healthyMs)) {
    return {
      gate: 'soaked',
      passed: false,
      code: 'not_soaked',
      evidence: `nobody says since when ${content.environment} is healthy`,
      next: 'Argo CD says it from release 3.0 on (status.health.lastTransitionTime); or set `health: {from: commit-statuses}`',
    };
  }
  const deployed = deployedAt(state.deployments, content.revisions);
  if (deployed === undefined) {
    return {
      gate: 'soaked',
      passed: false,
      code: 'not_soaked',
      mayPassLater: true,
      evidence: `no sync of what ${content.environment} is to run is known`,
      next: `look at the history of Application cofferdam-${content.environment}, and sync it`,
    };
  }
  const startMs = Math.max(healthyMs, Date.parse(deployed));
  const passesAtMs = startMs + soakMinutes * 60_000;
  const since = `${content.environment} is so since ${at(startMs)}`;
  if (nowMs >= passesAtMs) {
    return { gate: 'soaked', passed: true, evidence: `${since}; ${soakMinutes} min are asked for` };
  }
  return {
    gate: 'soaked',
    passed: false,
    code: 'not_soaked',
    mayPassLater: true,
    passesAtMs,
    evidence: `${since}; ${soakMinutes} min are asked for, until ${at(passesAtMs)}`,
    next: 'run it again then, or give --wait',
  };
}

/** When what runs was first synced: the oldest of the newest syncs that are all of the same content. */
function deployedAt(deployments: readonly Deployment[], revisions: readonly string[]): string | undefined {
  let found: string | undefined;
  for (const { revision, deployedAt } of deployments.toReversed()) {
    if (!revisions.includes(revision)) break;
    found = deployedAt;
  }
  return found;
}

export function imagesGate(evidence: readonly ImageEvidence[]): GateDecision {
  const bad = evidence.filter(({ signed, attested }) => !signed || !attested);
  if (bad.length === 0) {
    return { gate: 'images', passed: true, evidence: `${evidence.length} images are signed and attested` };
  }
  const said = bad.map(({ image, signed, problem }) => {
    const what = signed ? 'its provenance is not attested' : 'it is not signed';
    return `${image}: ${what} by the identity of \`images\`${problem === undefined ? '' : ` (${problem})`}`;
  });
  return {
    gate: 'images',
    passed: false,
    code: 'images_unverified',
    evidence: said.join('; '),
    next: 'release the image with the release workflow, which signs and attests it, and pin that digest in the source',
  };
}

export function sloGate(state: SloState, environment: string): GateDecision {
  if (state.measured === 0) {
    return {
      gate: 'slo',
      passed: false,
      code: 'slo_unmeasured',
      evidence: `Prometheus of ${environment} evaluates no alert on an objective: nothing is known`,
      next: `check that the PrometheusRules of environments/${environment}/rendered are loaded there`,
    };
  }
  if (state.burning.length === 0 && state.unevaluated > 0) {
    return {
      gate: 'slo',
      passed: false,
      code: 'slo_unmeasured',
      mayPassLater: true,
      evidence: `${state.unevaluated} of ${state.measured + state.unevaluated} alerts on the objectives of ${environment} are not evaluated, or fail`,
      next: `Prometheus of ${environment} says of each why, under Status, Rule health`,
    };
  }
  if (state.burning.length === 0) {
    return {
      gate: 'slo',
      passed: true,
      evidence: `no error budget of ${environment} is burning (${state.measured} alerts are evaluated)`,
    };
  }
  const said = state.burning.map(({ alert, summary }) => (summary ? `${alert} (${summary})` : alert));
  return {
    gate: 'slo',
    passed: false,
    code: 'slo_burning',
    mayPassLater: true,
    evidence: `alerts on the objectives of ${environment} fire: ${said.join(', ')}`,
    next: `follow the runbook of the alert (docs/runbooks); to undo the release: \`cofferdam rollback --env ${environment}\``,
  };
}

export function short(revision: string): string {
  return revision.slice(0, 10);
}

/** RFC 3339, without fractions. */
export function at(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
