import { checkedOut, checkUnmoved } from './checkout.ts';
import { type GateDecision, short } from './domain/gates.ts';
import { type PinChange, pinChanges, unreleased, withPins } from './domain/pins.ts';
import type { PromotionConfig, PromotionStep } from './domain/promotion-config.ts';
import {
  againNotes,
  bodyOf,
  branchOf,
  labelsOf,
  type Proposal,
  saysAgain,
  titleOf,
} from './domain/pull-request.ts';
import { distinctReleases, wasRolledBack } from './domain/releases.ts';
import type { FieldChange } from './domain/rendered-diff.ts';
import { PromotionError } from './errors.ts';
import { checkRendered, type Environment, type Renderer, readEnvironment, readReleases } from './inputs.ts';
import { type Planned, plannedRelease } from './planned-release.ts';
import type { Repository, RepositoryHistory } from './ports/repository.ts';
import type { SourceHost } from './ports/source-host.ts';
import { doubt, isCurrent, type OpenPull, type Proposed, propose, sayStatus, withdraw } from './propose.ts';
import { evidenceOnce, type GatePorts, heldBy, sourceContent, sourceGates } from './source-gates.ts';
import { untilPassed, type Waiting } from './wait.ts';

export interface PromotePorts extends GatePorts {
  readonly repository: Repository & RepositoryHistory;
  readonly host: SourceHost;
  readonly render: Renderer;
}

export interface PromoteOptions {
  readonly from: string;
  readonly to: string;
  /** Writes nothing. */
  readonly dryRun: boolean;
  /** Opens and updates nothing: says of what is open whether it still holds, and closes what is not wanted. */
  readonly statusOnly?: boolean;
  /** Also what the target was rolled back from. */
  readonly again: boolean;
  /** Absent: what does not pass now is held. */
  readonly wait?: Waiting;
}

export interface PromoteResult {
  /** `nothing`: the target has these pins. `held`: a gate does not pass, and no pull request was opened or updated. */
  readonly outcome: 'opened' | 'updated' | 'unchanged' | 'nothing' | 'held';
  readonly from: string;
  readonly to: string;
  readonly revision: string;
  readonly branch: string;
  readonly pins: readonly PinChange[];
  readonly gates: readonly GateDecision[];
  readonly changes: readonly FieldChange[];
  readonly pullRequest?: { readonly number: number; readonly url: string };
  /** Number of a pull request that was closed because it is not wanted any more. */
  readonly closed?: number;
}

/**
 * Proposes that `to` runs what `from` runs, once that has proved itself. Everything is read from the repository and
 * from the source: a run that was dropped is made up for by the next, and a second run changes nothing.
 * @throws {PromotionError} for what no waiting and no other release would mend
 */
export async function promote(
  ports: PromotePorts,
  config: PromotionConfig,
  options: PromoteOptions,
): Promise<PromoteResult> {
  const step = stepOf(config, options);
  const branch = branchOf('promote', step.to);
  const ask = { branch, base: config.repository.base, dryRun: options.dryRun };
  try {
    return await alongStep(ports, step, { ...options, ask });
  } catch (error) {
    await doubt(ports.host, ask, error);
    throw error;
  }
}

async function alongStep(
  ports: PromotePorts,
  step: PromotionStep,
  options: PromoteOptions & { ask: OpenPull },
): Promise<PromoteResult> {
  const { repository, host } = ports;
  const { ask } = options;
  const { base, branch } = ask;
  const revision = await checkedOut(repository, host, base);
  const [source, target] = await Promise.all([
    readEnvironment(repository, revision, step.from),
    readEnvironment(repository, revision, step.to),
  ]);
  checkRendered(ports.render, source);
  checkRendered(ports.render, target);
  const pins = pinChanges(target.pins, source.pins);
  const result = { from: step.from, to: step.to, revision, branch, pins, gates: [], changes: [] };
  if (pins.length === 0) {
    const reason = `${step.to} runs what ${step.from} runs: nothing is left to do.`;
    const closed = await withdraw(host, ask, reason);
    return { ...result, outcome: 'nothing', ...closed };
  }
  checkReleased(source);
  const isAgain = await isBroughtBack({ ports, revision, ask, pins }, options.again, { source, target });

  const planned = plannedRelease(ports.render, target, withPins(target.release, source.pins));
  const content = await sourceContent(repository, step.from, revision);
  const gatePorts = { ...ports, images: evidenceOnce(ports.images) };
  const gates = await untilPassed(
    () => sourceGates(gatePorts, step, { content, pins: source.pins }),
    { ...ports, stillThere: () => checkUnmoved(host, base, revision) },
    options.wait,
  );
  const wanted = proposalOf({ step, base, revision, target, pins, gates, isAgain, ...planned });
  const held = heldBy(gates);
  const isStatusOnly = options.statusOnly === true;
  if (!options.dryRun && (held !== undefined || isStatusOnly))
    await sayOfOpen(ports, wanted, held, step.from);
  if (held !== undefined) return { ...result, outcome: 'held', gates, changes: planned.changes };
  const { outcome, pullRequest } = await propose(ports, wanted, {
    dryRun: options.dryRun || isStatusOnly,
  });
  return { ...result, outcome, gates, changes: planned.changes, ...(pullRequest && { pullRequest }) };
}

function stepOf(config: PromotionConfig, { from, to }: PromoteOptions): PromotionStep {
  const step = config.steps.find((one) => one.from === from && one.to === to);
  if (step !== undefined) return step;
  const known = config.steps.map((one) => `${one.from} -> ${one.to}`).join(', ');
  throw new PromotionError(
    'environment_unknown',
    `environments/promotion.yaml has no step from ${from} to ${to}; it has: ${known}`,
  );
}

function checkReleased({ name, pins }: Environment): void {
  const zero = unreleased(pins);
  if (zero.length === 0) return;
  throw new PromotionError(
    'unreleased',
    `environments/${name}/release.yaml pins ${zero.join(', ')} to a digest of zeros, which is no image: release first, then pin what the release workflow pushed`,
  );
}

/**
 * Whether the target was rolled back from this and somebody wants it all the same: the run that was given --again, and
 * those after it, as long as what it opened proposes these pins.
 * @throws {PromotionError} `rolled_back`
 */
async function isBroughtBack(
  {
    ports,
    revision,
    ask,
    pins,
  }: { ports: PromotePorts; revision: string; ask: OpenPull; pins: readonly PinChange[] },
  again: boolean,
  { source, target }: { source: Environment; target: Environment },
): Promise<boolean> {
  const releases = distinctReleases(await readReleases(ports.repository, revision, target.name));
  const back = wasRolledBack(releases, source.pins);
  if (back === undefined) return false;
  const open = await ports.host.findOpen({ head: ask.branch, base: ask.base });
  if (again || saysAgain(open?.body ?? '', pins)) return true;
  const what = `${target.name} was rolled back from what ${source.name} runs, by ${short(back.revision)} (${back.subject})`;
  await withdraw(ports.host, ask, `${what}.`);
  throw new PromotionError(
    'rolled_back',
    `${what}: release a correction, or give --again when that release is what ${target.name} should run after all`,
  );
}

function proposalOf({
  step,
  base,
  revision,
  target,
  pins,
  gates,
  isAgain,
  files,
  changes,
}: Planned & {
  step: PromotionStep;
  base: string;
  revision: string;
  target: Environment;
  pins: readonly PinChange[];
  gates: readonly GateDecision[];
  isAgain: boolean;
}): Proposed {
  const proposal: Proposal = {
    purpose: 'promote',
    environment: step.to,
    origin: step.from,
    pins,
    changes,
    gates,
    notes: againNotes(isAgain),
  };
  return {
    branch: branchOf('promote', step.to),
    base,
    revision,
    directory: target.directory,
    files,
    title: titleOf(proposal),
    body: bodyOf(proposal),
    labels: labelsOf(proposal),
    because: `${step.from} has proved it`,
  };
}

/**
 * Something may be proposed already, from when it still passed. Its commit then says whether this still holds: of the
 * same release what the gate found, of an older one that the source has left it.
 */
async function sayOfOpen(
  ports: PromotePorts,
  wanted: Proposed,
  held: GateDecision | undefined,
  from: string,
): Promise<void> {
  const { host, repository } = ports;
  const pull = await host.findOpen({ head: wanted.branch, base: wanted.base });
  const head = pull && (await host.head(wanted.branch));
  if (head === undefined) return;
  const isSame = await isCurrent(repository, wanted, head);
  if (isSame && held === undefined) await checkUnmoved(host, wanted.base, wanted.revision);
  await sayStatus(host, head.revision, {
    description: isSame ? (held?.evidence ?? wanted.because) : `not what ${from} would bring by now`,
    state: !isSame || held?.mayPassLater ? 'pending' : held === undefined ? 'success' : 'failure',
  });
}
