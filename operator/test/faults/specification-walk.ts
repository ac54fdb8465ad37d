import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { ENV } from '@cofferdam/contracts';
import { type Condition, REASON } from '@cofferdam/crds';
import fc from 'fast-check';
import { parse } from 'yaml';
import { isKubeError, type KubeObject, type Resource } from '../../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../../src/reconcile/resources.ts';
import { connectorKey, createConnector, createVault, vaultKey } from '../cluster-harness.ts';
import { eventually } from '../eventually.ts';
import { difference } from './difference.ts';
import type { Lane } from './lane.ts';
import { changesOf, type Schema } from './values-of-schema.ts';

/** What became of one walk. */
export type Walk = {
  /** Of this walk alone: as the seed of a single walk it goes the same way. */
  seed: number;
  /** Specs that the API server took, and that the operator then took a stand on. */
  steps: number;
  /** Those of them that it said it cannot bring about. */
  stalled: number;
  /** From a change to the operator's last write for it, milliseconds. */
  settledMs: readonly number[];
  /** What it wrote in two resync periods, once it was back where the walk began. */
  writesAtRest: readonly string[];
  problem?: string;
};

/** The changes there are to the specs of a kind. */
export type Changes = ReadonlyMap<Resource, ReturnType<typeof changesOf>>;

/** Of what is generated most is refused by a rule across members. */
const CANDIDATES = 40;

type SpecWithKeys = { keys?: { rekeyGeneration?: number } };
type Resourced = KubeObject & {
  spec: object & SpecWithKeys;
  status?: { observedGeneration?: number; conditions?: Condition[] };
};
type Kind = { resource: Resource; file: string; key: typeof vaultKey };
const VAULT: Kind = { resource: PAYMENT_VAULTS, file: 'paymentvaults.yaml', key: vaultKey };
const CONNECTOR: Kind = { resource: PSP_CONNECTORS, file: 'pspconnectors.yaml', key: connectorKey };
const KINDS = [VAULT, CONNECTOR];

/** As the CustomResourceDefinitions that are installed say. */
export async function readChanges(): Promise<Changes> {
  const changes = KINDS.map(async ({ resource, file }) => {
    const definition = parse(await readFile(new URL(`../../../crds/yaml/${file}`, import.meta.url), 'utf8'));
    const schema: Schema = definition.spec.versions[0].schema.openAPIV3Schema.properties.spec;
    return [resource, changesOf(schema)] as const;
  });
  return new Map(await Promise.all(changes));
}

/** From one valid spec to another, `steps` times, every fourth back to an earlier one, and home in the end. */
export async function walk(
  lane: Lane,
  options: { changes: Changes; seed: number; steps: number; onStep?: () => void },
): Promise<Walk> {
  const walked = { seed: options.seed, steps: 0, stalled: 0, settledMs: [] as number[] };
  try {
    await createVault(lane.cluster, lane.namespace);
    await createConnector(lane.cluster, lane.namespace);
    lane.start();
    await takesAStand(lane, {});
    const before = await childrenOf(lane);
    const visited = new Map<Kind, object[]>();
    for (const kind of KINDS) visited.set(kind, [(await current(lane, kind)).spec]);
    for (let at = 0; at < options.steps; at++) {
      await stepOn(lane, { ...options, visited, walked, at });
      options.onStep?.();
    }
    for (const [kind, [first]] of visited) {
      const now = await current(lane, kind);
      if (first !== undefined) await put(lane, kind, wayBack(first, now.spec));
    }
    await takesAStand(lane, { back: 'at the beginning' });
    await eventually(
      async () => {
        const problem = difference(await childrenOf(lane), before);
        if (problem !== undefined) throw new Error(`back at the beginning: ${problem}\n${lane.lastWords()}`);
      },
      { timeoutMs: 20_000 },
    );
    await lane.atRest();
    return { ...walked, writesAtRest: await lane.writesAtRest() };
  } catch (error) {
    return { ...walked, writesAtRest: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

async function stepOn(
  lane: Lane,
  options: {
    changes: Changes;
    seed: number;
    at: number;
    visited: ReadonlyMap<Kind, object[]>;
    walked: { steps: number; stalled: number; settledMs: number[] };
  },
): Promise<void> {
  const { changes, seed, at, visited, walked } = options;
  const kind = at % 3 === 2 ? CONNECTOR : VAULT;
  const earlier = visited.get(kind) ?? [];
  // Every fourth goes back to where it has been.
  const back = at % 4 === 3 ? earlier[(seed + at) % earlier.length] : undefined;
  const spec = back ?? (await nextSpec(lane, kind, { changes, seed: seed + at }));
  if (spec === undefined) return;
  const putAt = performance.now();
  try {
    await put(lane, kind, spec);
  } catch (error) {
    // A way back may be closed: what is immutable was set on the way.
    if (back !== undefined && isKubeError(error, 'invalid')) return;
    throw error;
  }
  earlier.push(spec);
  await takesAStand(lane, spec);
  walked.steps += 1;
  walked.settledMs.push(Math.max(0, lane.lastWriteAt - putAt));
  const { status } = await current(lane, kind);
  if (status?.conditions?.some(({ type, status }) => type === 'Stalled' && status === 'True'))
    walked.stalled += 1;
}

const current = ({ cluster, namespace }: Lane, { resource, key }: Kind) =>
  cluster.admin.get<Resourced>(resource, key(namespace));

/** The first of the changes that the API server would take. */
async function nextSpec(
  lane: Lane,
  kind: Kind,
  { changes, seed }: { changes: Changes; seed: number },
): Promise<object | undefined> {
  const possible = changes.get(kind.resource);
  if (possible === undefined) return undefined;
  const now = await current(lane, kind);
  for (let candidate = 0; candidate < CANDIDATES; candidate++) {
    const [change] = fc.sample(possible, { numRuns: 1, seed: seed * CANDIDATES + candidate });
    const spec = change?.(now.spec) ?? now.spec;
    if (JSON.stringify(spec) === JSON.stringify(now.spec)) continue;
    try {
      await lane.cluster.admin.update(kind.resource, { ...now, spec } as KubeObject, { dryRun: true });
      return spec;
    } catch (error) {
      if (!isKubeError(error, 'invalid', 'forbidden', 'conflict')) throw error;
    }
  }
  return undefined;
}

async function put(lane: Lane, kind: Kind, spec: object): Promise<void> {
  for (;;) {
    const now = await current(lane, kind);
    try {
      await lane.cluster.admin.update(kind.resource, { ...now, spec } as KubeObject);
      return;
    } catch (error) {
      if (!isKubeError(error, 'conflict')) throw error;
    }
  }
}

/**
 * Waits until it has taken a stand on the resources as they are, without stumbling.
 *
 * @throws when it does not, or gives a reason that is not documented
 */
async function takesAStand(lane: Lane, spec: object): Promise<void> {
  const until = performance.now() + 30_000;
  for (;;) {
    await wait(20);
    await lane.atRest();
    const found = lane.cluster.mirror
      .of(lane.namespace)
      .filter(({ kind }) => /^(PaymentVault|PSPConnector)$/.test(kind)) as Resourced[];
    const isCurrent = found.every(
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    );
    const stumbles = /"retries":[1-9]/.test(lane.operator?.doing() ?? '');
    const problem = found.map(({ status }) => problemOf(status?.conditions ?? [])).find(Boolean);
    if (isCurrent && !stumbles) {
      if (problem === undefined) return;
      throw new Error(`${problem} for ${JSON.stringify(spec)}\n${lane.lastWords()}`);
    }
    if (performance.now() > until) throw new Error(`${JSON.stringify(spec)}\n${lane.lastWords()}`);
  }
}

function problemOf(conditions: readonly Condition[]): string | undefined {
  const reasons = conditions.map(({ reason }) => reason);
  const unknown = reasons.find((reason) => !Object.hasOwn(REASON, reason));
  if (unknown !== undefined) return `${unknown} is no documented reason`;
  if (reasons.includes(REASON.InternalError)) return REASON.InternalError;
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'no Ready condition';
  if (ready.status !== 'True' && ready.reason === REASON.Succeeded) return 'not Ready, and no reason why';
  return undefined;
}

/** Everything but the two resources themselves, and but the one setting that never goes back. */
async function childrenOf(lane: Lane): Promise<unknown> {
  const { objects } = await lane.state();
  const children = Object.entries(objects).filter(([name]) => !/^(PaymentVault|PSPConnector)\//.test(name));
  const isOneWay = (value: unknown) =>
    typeof value === 'object' && value !== null && 'name' in value && value.name === ENV.rekeyGeneration;
  return JSON.parse(JSON.stringify(Object.fromEntries(children)), (_key, value) =>
    Array.isArray(value) ? value.filter((entry) => !isOneWay(entry)) : value,
  );
}

/** The way back to `first` from `now`: a rekey that was asked for is never taken back. */
function wayBack(first: SpecWithKeys, { keys }: SpecWithKeys): object {
  const { rekeyGeneration } = keys ?? {};
  return rekeyGeneration === undefined ? first : { ...first, keys: { ...first.keys, rekeyGeneration } };
}
