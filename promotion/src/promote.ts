import { checkedOut, checkUnmoved, isAtHead } from './checkout.ts';
import { type GateDecision, short } from './domain/gates.ts';
import { type PinChange, pinChanges, unreleased } from './domain/pins.ts';
import type { PromotionConfig, PromotionStep } from './domain/promotion-config.ts';
import { againNotes, branchOf, saysAgain } from './domain/pull-request.ts';
import { distinctReleases, wasRolledBack } from './domain/releases.ts';
import { PromotionError } from './errors.ts';
import { type Environment, readReleases } from './inputs.ts';
import { doubt, isCurrent, type OpenPull, type Proposed, propose, sayStatus, withdraw } from './propose.ts';
import {
  environmentAt,
  nothingToDo,
  type ProposalPorts,
  type ProposalResult,
  releaseProposal,
} from './release-proposal.ts';
import { evidenceOnce, type GatePorts, heldBy, sourceContent, sourceGates } from './source-gates.ts';
import { untilPassed, type Waiting } from './wait.ts';

export type PromotePorts = GatePorts & ProposalPorts;

export interface PromoteOptions {
  /** Absent: the one that the configuration promotes to `to`. */
  readonly from?: string;
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

export interface PromoteResult extends Omit<ProposalResult, 'outcome'> {
  /** `held`: a gate does not pass, and no pull request was opened or updated. */
  readonly outcome: ProposalResult['outcome'] | 'held';
  readonly from: string;
  readonly to: string;
  readonly gates: readonly GateDecision[];
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
  const branch = branchOf('promote', options.to);
  const ask = { branch, base: config.repository.base, dryRun: options.dryRun };
  const step = await stepOf(ports, config, { ...options, ask });
  try {
    return await alongStep(ports, step, { ...options, ask });
  } catch (error) {
    await doubt(ports.host, ask, error);
    throw error;
  }
}

type Asked = PromoteOptions & { readonly ask: OpenPull };

/**
 * What is open for a target that no step leads to any more is closed; what somebody got wrong closes nothing.
 * @throws {PromotionError} `environment_unknown`
 */
async function stepOf(
  { repository, host }: ProposalPorts,
  { steps }: PromotionConfig,
  { from, to, ask }: Asked,
): Promise<PromotionStep> {
  const step = steps.find((one) => one.to === to && (from === undefined || one.from === from));
  if (step !== undefined) return step;
  const isGone = !steps.some((one) => one.to === to) && (await isAtHead(repository, host, ask.base));
  const { closed } = isGone
    ? await withdraw(host, ask, `environments/promotion.yaml has no step to ${to}.`)
    : {};
  const known = steps.map((one) => `${one.from} -> ${one.to}`).join(', ');
  throw new PromotionError(
    'environment_unknown',
    `environments/promotion.yaml has no step ${from === undefined ? '' : `from ${from} `}to ${to}; it has: ${known}${closed === undefined ? '' : `; pull request ${closed} ${ask.dryRun ? 'would be' : 'was'} closed`}`,
  );
}

async function alongStep(ports: PromotePorts, step: PromotionStep, options: Asked): Promise<PromoteResult> {
  const { repository, host } = ports;
  const { ask } = options;
  const { base, branch } = ask;
  const { from, to } = step;
  const revision = await checkedOut(repository, host, base);
  const [source, target] = await Promise.all([
    environmentAt(ports, revision, from),
    environmentAt(ports, revision, to),
  ]);
  const pins = pinChanges(target.pins, source.pins);
  if (pins.length === 0) {
    const reason = `${to} runs what ${from} runs: nothing is left to do.`;
    return { from, to, gates: [], ...(await nothingToDo(host, { ...ask, revision }, reason)) };
  }
  checkReleased(source);
  const isAgain = await isBroughtBack({ ports, revision, ask, pins }, options.again, { source, target });
  const proposing = (gates: readonly GateDecision[]) =>
    releaseProposal(
      ports.render,
      { base, revision, environment: target },
      {
        purpose: 'promote',
        origin: from,
        pins: source.pins,
        gates,
        notes: againNotes(isAgain),
        because: `${from} has proved it`,
      },
    );
  // Before the gates: nobody waits for hours to hear that a configuration is not valid.
  const { changes } = proposing([]);

  const content = await sourceContent(repository, from, revision);
  const gatePorts = { ...ports, images: evidenceOnce(ports.images) };
  const gates = await untilPassed(
    () => sourceGates(gatePorts, step, { content, pins: source.pins }),
    { ...ports, stillThere: () => checkUnmoved(host, { base, revision }) },
    options.wait,
  );
  const wanted = proposing(gates);
  const held = heldBy(gates);
  const isStatusOnly = options.statusOnly === true;
  if (!options.dryRun && (held !== undefined || isStatusOnly)) await sayOfOpen(ports, wanted, held, from);
  const result = { from, to, revision, branch, pins, gates, changes };
  if (held !== undefined) return { ...result, outcome: 'held' };
  return { ...result, ...(await propose(ports, wanted, { dryRun: options.dryRun || isStatusOnly })) };
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
  if (isSame && held === undefined) await checkUnmoved(host, wanted);
  await sayStatus(host, head.revision, {
    description: isSame ? (held?.evidence ?? wanted.because) : `not what ${from} would bring by now`,
    state: !isSame || held?.mayPassLater ? 'pending' : held === undefined ? 'success' : 'failure',
  });
}
