import { setTimeout as sleep } from 'node:timers/promises';
import { REASON } from '@cofferdam/crds';
import {
  type ApplicationState,
  heldBy,
  type PromoteResult,
  type PromotionConfig,
  pin,
  promote,
  rollback,
} from '@cofferdam/promotion';
import { CliError } from '../../errors.ts';
import { payOnce } from './customer.ts';
import { ENVIRONMENTS, type EnvironmentName } from './inputs.ts';
import { BROKEN, pinsOf, RELEASES, type ReleaseName, releaseOf } from './releases.ts';
import type { Told } from './report.ts';
import { runningImages, vaultPods, type World } from './world.ts';

const TIMEOUT_MS = 180_000;
const POLL_MS = 500;
/** By the clock that the story puts forward: long enough for a soak time that begins anew. */
const DAY_MS = 86_400_000;
const [FIRST, SECOND] = RELEASES;

/** Plays the story: a release that goes all the way, one that is held, and the way back. */
export async function playStory(world: World, config: PromotionConfig): Promise<Told[]> {
  const story = new Story(world, config);
  await story.runs(FIRST, ENVIRONMENTS);
  await story.releases(SECOND);
  await story.promotes('dev', 'staging', SECOND);
  await story.promotes('staging', 'prod', SECOND);
  await story.releases(BROKEN);
  await story.breaks('dev', SECOND);
  await story.holds('dev', 'staging');
  await story.holds('staging', 'prod');
  await story.rollsBack('dev', SECOND);
  return story.told;
}

class Story {
  readonly told: Told[] = [];
  readonly #world: World;
  readonly #config: PromotionConfig;

  constructor(world: World, config: PromotionConfig) {
    this.#world = world;
    this.#config = config;
  }

  /** Waits until environments run a release, and are synced and healthy. */
  async runs(release: ReleaseName, environments: readonly EnvironmentName[]): Promise<void> {
    const step = `${release} runs in ${environments.join(', ')}`;
    const pins = pinsOf(release);
    await this.#until(step, async () => {
      for (const name of environments) {
        const running = await runningImages(this.#world.client, name);
        const others = Object.entries(running).filter(([component, image]) => image !== pins[component]);
        if (others.length > 0) return `${name}: the operator has not got to it yet`;
        const state = await this.#world.syncer.state(name, []);
        if (state?.sync !== 'Synced' || state.health !== 'Healthy') return `${name}: ${said(state)}`;
      }
      return undefined;
    });
    this.#tell({ step, outcome: 'done', detail: 'synced and healthy' });
  }

  /** What the release workflow does, and a person who merges it. */
  async releases(release: ReleaseName): Promise<void> {
    const { repository, ports } = this.#world;
    await repository.build(release);
    const wanted = { environment: 'dev', images: pinsOf(release), release: `v${release}`, dryRun: false };
    const { pullRequest } = await pin(ports, this.#config, wanted);
    await this.#merge(`${release} is pinned in dev`, pullRequest?.number);
  }

  /** Asks at once and is held, asks with `--wait` and is held until all holds, then merges and sees it run. */
  async promotes(from: EnvironmentName, to: EnvironmentName, release: ReleaseName): Promise<void> {
    const step = `promote ${from} -> ${to}`;
    await this.holds(from, to);
    const deadline = performance.now() + TIMEOUT_MS;
    const result = await promote(this.#world.ports, this.#config, {
      ...{ from, to, dryRun: false, again: false },
      wait: {
        ...{ timeoutMs: DAY_MS, intervalMs: POLL_MS },
        sleep: (ms) => this.#sleeps(step, ms, deadline),
        progress: (line) => this.#waits(step, line),
      },
    });
    if (result.pullRequest === undefined)
      throw unexpected(step, `${result.outcome}: ${heldBy(result.gates)?.evidence ?? ''}`);
    await this.#merge(step, result.pullRequest.number);
    await this.runs(release, [to]);
  }

  /** What is wrong with the release shows, and what served before it serves on. */
  async breaks(environment: EnvironmentName, serving: ReleaseName): Promise<void> {
    const { client, syncer } = this.#world;
    const step = `${BROKEN} does not start in ${environment}`;
    let state: ApplicationState | undefined;
    await this.#until(step, async () => {
      const pods = await vaultPods(client, environment);
      const failing = pods.some(({ image, restarts }) => releaseOf(image) === BROKEN && restarts > 0);
      state = await syncer.state(environment, []);
      const seen = state?.health !== 'Healthy' && state?.message?.includes(REASON.PodsCrashing);
      return failing && seen ? undefined : said(state);
    });
    const ready = (await vaultPods(client, environment)).filter((pod) => pod.ready);
    const others = ready.filter(({ image }) => releaseOf(image) !== serving);
    if (ready.length === 0 || others.length > 0) throw unexpected(step, `${serving} does not serve on`);
    const payment = await payOnce(client, environment);
    this.#tell({
      step,
      outcome: 'done',
      detail: `${serving} serves on: a payment is ${payment}. ${said(state)}`,
    });
  }

  /** Asks for a promotion that must not go through. */
  async holds(from: EnvironmentName, to: EnvironmentName): Promise<void> {
    const step = `promote ${from} -> ${to}`;
    const result = await this.#ask(from, to);
    if (result.outcome === 'nothing') {
      const detail = `${to} runs what ${from} runs: what is held before ${from} has no way to ${to}`;
      return this.#tell({ step, outcome: 'nothing', detail });
    }
    if (result.outcome !== 'held')
      throw unexpected(step, `a gate let the broken release pass: ${result.outcome}`);
    this.#tellHeld(step, result);
  }

  async rollsBack(environment: EnvironmentName, to: ReleaseName): Promise<void> {
    const { repository, ports } = this.#world;
    const step = `rollback ${environment}`;
    await repository.update();
    const wanted = { environment, dryRun: false, skipSchemaCheck: false };
    const { pullRequest } = await rollback(ports, this.#config, wanted);
    await this.#merge(step, pullRequest?.number);
    await this.runs(to, [environment]);
  }

  /** A line of the engine: `waiting, until ... at most: soaked: staging is so since ...`. The last one is told. */
  #waits(step: string, line: string): void {
    const [, gate = '', evidence = ''] = /at most: (\w+): (.*)$/.exec(line) ?? [];
    this.#world.stage.progress.set(step, 'working', line);
    if (gate === 'soaked') {
      const held = { gate, code: 'not_soaked', evidence };
      this.#tell({ step: `${step} --wait`, outcome: 'held', detail: evidence, held });
    }
  }

  /** Waits for the cluster, and not for the soak time: nobody watches for an hour. */
  async #sleeps(step: string, ms: number, deadline: number): Promise<void> {
    const { stage, clock } = this.#world;
    if (performance.now() > deadline) throw unexpected(step, `held for ${TIMEOUT_MS / 1000} s`);
    if (ms <= POLL_MS) return sleep(ms, undefined, { signal: stage.signal });
    clock.forward(ms);
    const detail = `the demo puts its clock forward by ${Math.ceil(ms / 60_000)} min`;
    this.#tell({ step: `${step} --wait`, outcome: 'done', detail });
  }

  async #ask(from: EnvironmentName, to: EnvironmentName): Promise<PromoteResult> {
    await this.#world.repository.update();
    return promote(this.#world.ports, this.#config, { from, to, dryRun: false, again: false });
  }

  #tellHeld(step: string, { gates }: PromoteResult): void {
    const { gate = '', code = '', evidence = '' } = heldBy(gates) ?? {};
    this.#tell({ step, outcome: 'held', detail: evidence, held: { gate, code, evidence } });
  }

  /** The stand-in for review and a click: the demo merges, and says so. */
  async #merge(step: string, number: number | undefined): Promise<void> {
    if (number === undefined) throw unexpected(step, 'no pull request was opened');
    const { host } = this.#world.repository;
    await host.merge(number);
    await this.#world.repository.update();
    const title = host.pulls().find((pull) => pull.number === number)?.title ?? '';
    const detail = `pull request #${number} (${title}), merged by the demo in a person's place`;
    this.#tell({ step, outcome: 'done', detail, pullRequest: number });
  }

  async #until(step: string, missing: () => Promise<string | undefined>): Promise<void> {
    const { progress, signal } = this.#world.stage;
    const deadline = performance.now() + TIMEOUT_MS;
    for (;;) {
      signal.throwIfAborted();
      const lacks = await missing();
      if (lacks === undefined) return;
      progress.set(step, 'working', lacks);
      if (performance.now() > deadline) throw unexpected(step, `not after ${TIMEOUT_MS / 1000} s: ${lacks}`);
      await sleep(POLL_MS);
    }
  }

  #tell(told: Told): void {
    this.told.push(told);
    const { progress } = this.#world.stage;
    const state = told.outcome === 'done' ? 'ready' : 'skipped';
    const what = told.held === undefined ? told.detail : `held by ${told.held.gate}: ${told.held.evidence}`;
    progress.set(`${this.told.length}. ${told.step}`, state, what);
  }
}

function said(state: ApplicationState | undefined): string {
  if (state === undefined) return 'nothing is known of it';
  return `${state.sync}, ${state.health}${state.message === undefined ? '' : `: ${state.message}`}`;
}

function unexpected(step: string, found: string): CliError {
  return new CliError('not_ready', `${step}: ${found}`);
}
