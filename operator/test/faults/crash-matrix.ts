import type { Lane, Point, Write } from './lane.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import type { WorldState } from './world-state.ts';

/** An undisturbed run: what every disturbed one is held against. */
export type Reference = Map<string, Undisturbed>;
type Undisturbed = { writes: readonly Write[]; state: WorldState };

/** What happens to the operator, or around it, at a write. */
export type Disturbance = {
  name: string;
  when: Point['when'];
  /** Whether the write has the operator killed. */
  kills: boolean;
  /** Between the write and the restart, or while the operator goes on. */
  meanwhile?(
    lane: Lane,
    at: Point & { scenario: string; versionBefore: string; versionAt: string },
  ): Promise<void>;
  /** After the restart. */
  afterwards?(lane: Lane): Promise<void>;
  /** Where it makes sense; everywhere, when left out. */
  applies?(scenario: string, write: string): boolean;
  /** How many changes more than in the reference are accepted. */
  allows?(reference: Reference, scenario: string): number;
};

export type Cell = {
  scenario: string;
  write: string;
  nth: number;
  disturbance: string;
  met: boolean;
  /** From the end of the disturbance to the operator's last write, milliseconds; only where it converged. */
  convergedMs?: number;
  problem?: string;
};

/** Runs scenarios in this lane undisturbed. */
export async function runReference(lane: Lane, scenarios = SCENARIOS): Promise<Reference> {
  const reference: Reference = new Map();
  lane.start();
  for (const scenario of scenarios) {
    lane.beginJournal();
    await scenario.act(lane);
    await lane.atRest();
    reference.set(scenario.name, { writes: [...lane.writes], state: await lane.state() });
  }
  await lane.stop();
  return reference;
}

/** The crash points of a scenario, in the order in which the reference met them. */
export function pointsOf(reference: Reference, scenario: string): { name: string; nth: number }[] {
  const counts = new Map<string, number>();
  return (reference.get(scenario)?.writes ?? []).map(({ name }) => {
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    return { name, nth };
  });
}

/**
 * Runs all scenarios in this lane, each disturbed at its `index`-th write (those with fewer are run undisturbed, since
 * the next one begins where they end).
 */
export async function runDisturbed(
  lane: Lane,
  options: { reference: Reference; disturbance: Disturbance; index: number },
): Promise<Cell[]> {
  const { reference, disturbance, index } = options;
  const cells: Cell[] = [];
  lane.start();
  for (const scenario of SCENARIOS) {
    const wanted = reference.get(scenario.name);
    if (wanted === undefined) throw new Error(`no reference for ${scenario.name}`);
    const at = pointsOf(reference, scenario.name)[index];
    const applies = at !== undefined && (disturbance.applies?.(scenario.name, at.name) ?? true);
    if (!applies) {
      const problem = await undisturbed(lane, scenario, wanted);
      if (problem === undefined) continue;
      cells.push({ scenario: scenario.name, write: '-', nth: 0, disturbance: 'none', met: false, problem });
      break;
    }
    const cell = await runCell(lane, { reference, wanted, disturbance, scenario, at });
    cells.push(cell);
    // What comes after would only say it again.
    if (cell.problem !== undefined) break;
  }
  await lane.stop();
  return cells;
}

async function undisturbed(lane: Lane, scenario: Scenario, wanted: Undisturbed): Promise<string | undefined> {
  try {
    await scenario.act(lane);
    await lane.converges(wanted.state);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function runCell(
  lane: Lane,
  options: {
    reference: Reference;
    wanted: Undisturbed;
    disturbance: Disturbance;
    scenario: Scenario;
    at: { name: string; nth: number };
  },
): Promise<Cell> {
  const { reference, wanted, disturbance, scenario, at } = options;
  const cell = { scenario: scenario.name, write: at.name, nth: at.nth, disturbance: disturbance.name };
  let met = false;
  try {
    lane.beginJournal();
    const versionBefore = await lane.version();
    const point: Point = { ...at, when: disturbance.when };
    const over = new AbortController();
    const reached = lane.meet(point, disturbance.kills ? 'kill' : 'go-on').finally(() => over.abort());
    await scenario.act(lane);
    // A status that is on the way may be passed over: then there is nothing to disturb.
    const undisturbed = lane.converges(wanted.state, { signal: over.signal }).then(() => undefined);
    const found = await Promise.race([reached, undisturbed]);
    lane.disarm();
    met = found !== undefined;
    if (found !== undefined) {
      if (disturbance.kills) await lane.stop();
      await disturbance.meanwhile?.(lane, { ...point, scenario: scenario.name, versionBefore, ...found });
      if (disturbance.kills) lane.start();
      await disturbance.afterwards?.(lane);
    }
    const disturbedUntil = performance.now();
    await lane.converges(wanted.state);
    const convergedMs = Math.max(0, lane.lastWriteAt - disturbedUntil);
    const problem = tooManyWrites(
      lane.writes,
      wanted.writes,
      disturbance.allows?.(reference, scenario.name) ?? 0,
    );
    return problem === undefined ? { ...cell, met, convergedMs } : { ...cell, met, problem };
  } catch (error) {
    return { ...cell, met, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    lane.faults = {};
  }
}

/**
 * A status may be written more often than in an undisturbed run, since it tells what was seen on the way. Everything
 * else is changed as often, and once more where the answer to the last change was lost.
 */
export function tooManyWrites(
  found: readonly Write[],
  wanted: readonly Write[],
  extra: number,
): string | undefined {
  const changes = (writes: readonly Write[], status: boolean) =>
    writes.filter(({ name, changed }) => changed && name.startsWith('status ') === status);
  const [objects, limit] = [changes(found, false), changes(wanted, false).length + 1 + extra];
  if (objects.length > limit) {
    return `${objects.length} changes where ${limit} are enough: ${objects.map(({ name }) => name).join(', ')}`;
  }
  const [statuses, most] = [changes(found, true).length, changes(wanted, true).length + 6 + extra];
  return statuses > most ? `${statuses} changes of status where ${most} are enough` : undefined;
}
