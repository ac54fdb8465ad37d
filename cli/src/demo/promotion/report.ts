import { table } from '../report.ts';
import type { EnvironmentName } from './inputs.ts';
import type { Pins } from './releases.ts';

/** One thing that happened, in order. */
export interface Told {
  step: string;
  outcome: 'done' | 'held' | 'nothing';
  detail: string;
  /** What held it. */
  held?: { gate: string; code: string; evidence: string };
  pullRequest?: number;
}

export interface EnvironmentReport {
  name: EnvironmentName;
  namespace: string;
  /** Of `release.yaml` on main. */
  pins: Pins;
  /** Of the cluster's Deployments. */
  running: Record<'vault' | 'router' | 'connector', string>;
  /** Release that the pins, and what runs, are of. */
  release: string;
  sync: string;
  health: string;
  /** Releases that this environment has had by Git, oldest first. */
  history: { release: string; kind: string; pullRequest?: number }[];
  /** Status of a payment that was made there at the end. */
  payment: string;
}

export interface PromotionDemoResult {
  seconds: number;
  /** The bare repository; it is gone when the demo ends. */
  repository: string;
  kubeconfig: string;
  told: Told[];
  environments: EnvironmentReport[];
}

/** The result as a person reads it. */
export function renderPromotionResult({
  told,
  environments,
  repository,
  kubeconfig,
  seconds,
}: PromotionDemoResult) {
  const story = table(
    ['STEP', 'OUTCOME', 'WHAT WAS FOUND'],
    told.map(({ step, outcome, detail, held }) => [
      step,
      held === undefined ? outcome : `held by ${held.gate}`,
      short(held?.evidence ?? detail),
    ]),
  );
  const world = table(
    ['ENVIRONMENT', 'RUNS', 'SYNC', 'HEALTH', 'PAYMENT', 'RELEASES THAT IT HAS HAD'],
    environments.map(({ name, release, sync, health, payment, history }) => [
      name,
      release,
      sync,
      health,
      payment,
      history.map(({ release: one, kind }) => `${one} (${kind})`).join(' → '),
    ]),
  );
  return [
    '',
    story,
    '',
    world,
    '',
    `  ${'seconds'.padEnd(14)} ${seconds}`,
    `  ${'repository'.padEnd(14)} ${repository}`,
    `  ${'kubeconfig'.padEnd(14)} ${kubeconfig}`,
    '',
    'Try next, in another terminal:',
    `  git -C ${repository} log --oneline --first-parent main`,
    `  KUBECONFIG=${kubeconfig} npm run cofferdam -- status -A`,
    '',
  ].join('\n');
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= 110 ? line : `${line.slice(0, 109)}…`;
}
