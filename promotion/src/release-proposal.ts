import { type PinChange, type Pins, pinChanges, withPins } from './domain/pins.ts';
import { bodyOf, branchOf, labelsOf, type Proposal, titleOf } from './domain/pull-request.ts';
import type { FieldChange } from './domain/rendered-diff.ts';
import { checkRendered, type Environment, type Renderer, readEnvironment } from './inputs.ts';
import { plannedRelease } from './planned-release.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { SourceHost } from './ports/source-host.ts';
import { type OpenPull, type Proposed, type ProposeOutcome, propose, withdraw } from './propose.ts';

/** What promote, rollback and pin need alike: each proposes other pins for one environment. */
export interface ProposalPorts {
  readonly repository: Repository & RepositoryHistory;
  readonly host: SourceHost;
  readonly render: Renderer;
}

export interface ProposalResult extends Pick<ProposeOutcome, 'pullRequest'> {
  /** `nothing`: the environment has these pins. */
  readonly outcome: ProposeOutcome['outcome'] | 'nothing';
  /** Head of the base branch, which everything was computed from. */
  readonly revision: string;
  readonly branch: string;
  readonly pins: readonly PinChange[];
  /** What is rendered from them. */
  readonly changes: readonly FieldChange[];
  /** Number of a pull request that was closed because it is not wanted any more. */
  readonly closed?: number;
}

/** @throws {PromotionError} `environment_unknown`, `config_invalid`, `pin_invalid`, `rendered_stale` */
export async function environmentAt(
  { repository, render }: Pick<ProposalPorts, 'repository' | 'render'>,
  revision: string,
  name: string,
): Promise<Environment> {
  const environment = await readEnvironment(repository, revision, name);
  checkRendered(render, environment);
  return environment;
}

/** The environment that gets the pins, at the head of the base branch. */
export interface Target {
  readonly base: string;
  readonly revision: string;
  readonly environment: Environment;
}

/** Other pins for an environment, and all that says why. */
export interface Release extends Pick<Proposal, 'purpose' | 'origin' | 'gates' | 'notes'> {
  readonly pins: Pins;
  /** Why the commit may be merged. */
  readonly because: string;
}

export type ReleaseProposal = Proposed & Pick<ProposalResult, 'pins' | 'changes'>;

export function releaseProposal(
  render: Renderer,
  { base, revision, environment }: Target,
  { because, pins: wanted, ...about }: Release,
): ReleaseProposal {
  const pins = pinChanges(environment.pins, wanted);
  const { files, changes } = plannedRelease(render, environment, withPins(environment.release, wanted));
  const proposal: Proposal = { ...about, environment: environment.name, pins, changes };
  return {
    branch: branchOf(about.purpose, environment.name),
    base,
    revision,
    directory: environment.directory,
    files,
    pins,
    changes,
    title: titleOf(proposal),
    body: bodyOf(proposal),
    labels: labelsOf(proposal),
    because,
  };
}

/** Makes the pull request say this, or closes what is open where the environment has these pins. */
export async function proposeRelease(
  ports: ProposalPorts,
  wanted: ReleaseProposal,
  { dryRun, nothingLeft }: { dryRun: boolean; nothingLeft: string },
): Promise<ProposalResult> {
  const { branch, base, revision, pins, changes } = wanted;
  if (pins.length === 0) return nothingToDo(ports.host, { branch, base, dryRun, revision }, nothingLeft);
  return { revision, branch, pins, changes, ...(await propose(ports, wanted, { dryRun })) };
}

export async function nothingToDo(
  host: SourceHost,
  { revision, ...open }: OpenPull & { readonly revision: string },
  reason: string,
): Promise<ProposalResult & { outcome: 'nothing' }> {
  const closed = await withdraw(host, open, reason);
  return { outcome: 'nothing', revision, branch: open.branch, pins: [], changes: [], ...closed };
}
