import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { ENV } from '@cofferdam/contracts';
import { type Condition, REASON } from '@cofferdam/crds';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isKubeError, type KubeObject, type Resource } from '../../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../../src/reconcile/resources.ts';
import { connectorKey, createConnector, createVault, vaultKey } from '../cluster-harness.ts';
import type { Lane } from './lane.ts';
import { type Lanes, startLanes } from './lanes.ts';
import { changesOf, type Schema } from './values-of-schema.ts';

/** `WALK_STEPS=200` goes further; `WALK_SEED` repeats what another run has printed. */
const STEPS = Number(process.env['WALK_STEPS'] ?? 12);
const SEED = Number(process.env['WALK_SEED'] ?? Math.floor(Math.random() * 1e8));
const WALKS = 3;
/** Of what is generated most is refused by a rule across members. */
const CANDIDATES = 40;

type SpecWithKeys = { keys?: { rekeyGeneration?: number } };
type Resourced = KubeObject & {
  spec: object & SpecWithKeys;
  status?: { observedGeneration?: number; conditions?: Condition[] };
};
const KINDS = [
  { resource: PAYMENT_VAULTS, file: 'paymentvaults.yaml', key: vaultKey },
  { resource: PSP_CONNECTORS, file: 'pspconnectors.yaml', key: connectorKey },
];

let lanes: Lanes;
const changes = new Map<Resource, ReturnType<typeof changesOf>>();
beforeAll(async () => {
  lanes = await startLanes();
  for (const { resource, file } of KINDS) {
    const definition = parse(await readFile(new URL(`../../../crds/yaml/${file}`, import.meta.url), 'utf8'));
    const schema: Schema = definition.spec.versions[0].schema.openAPIV3Schema.properties.spec;
    changes.set(resource, changesOf(schema));
  }
});
afterAll(() => lanes?.close());

/** The first of the changes that the API server would take. */
async function step(lane: Lane, which: (typeof KINDS)[number], seed: number): Promise<object | undefined> {
  const possible = changes.get(which.resource);
  if (possible === undefined) return undefined;
  const { admin } = lane.cluster;
  const now = await admin.get<Resourced>(which.resource, which.key(lane.namespace));
  for (let candidate = 0; candidate < CANDIDATES; candidate++) {
    const [change] = fc.sample(possible, { numRuns: 1, seed: seed * CANDIDATES + candidate });
    const spec = change?.(now.spec) ?? now.spec;
    if (JSON.stringify(spec) === JSON.stringify(now.spec)) continue;
    try {
      await admin.update(which.resource, { ...now, spec } as KubeObject, { dryRun: true });
      return spec;
    } catch (error) {
      if (!isKubeError(error, 'invalid', 'forbidden', 'conflict')) throw error;
    }
  }
  return undefined;
}

async function put(lane: Lane, which: (typeof KINDS)[number], spec: object): Promise<void> {
  const { admin } = lane.cluster;
  for (;;) {
    const now = await admin.get<Resourced>(which.resource, which.key(lane.namespace));
    try {
      await admin.update(which.resource, { ...now, spec } as KubeObject);
      return;
    } catch (error) {
      if (!isKubeError(error, 'conflict')) throw error;
    }
  }
}

/** That it has taken a stand on the resource as it is, with reasons that are documented, and has not stumbled. */
async function takesAStand(lane: Lane, spec: object): Promise<void> {
  const about = JSON.stringify(spec);
  const until = performance.now() + 30_000;
  for (;;) {
    await wait(20);
    await lane.atRest();
    const found = lane.cluster.mirror
      .of(lane.namespace)
      .filter(({ kind }) => /^(PaymentVault|PSPConnector)$/.test(kind)) as Resourced[];
    const current = found.every(({ metadata, status }) => status?.observedGeneration === metadata.generation);
    const stumbles = /"retries":[1-9]/.test(lane.operator?.doing() ?? '');
    if (current && !stumbles) {
      for (const { status } of found) {
        const conditions = status?.conditions ?? [];
        for (const { reason } of conditions) {
          expect(Object.hasOwn(REASON, reason), `${reason} for ${about}`).toBe(true);
          expect(reason, about).not.toBe(REASON.InternalError);
        }
        const ready = conditions.find(({ type }) => type === 'Ready');
        expect(ready, about).toBeDefined();
        if (ready?.status !== 'True') expect(ready?.reason, about).not.toBe(REASON.Succeeded);
      }
      return;
    }
    if (performance.now() > until) throw new Error(`${about}\n${lane.lastWords()}`);
  }
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

async function walk(lane: Lane, seed: number): Promise<{ steps: number; stalled: number }> {
  await createVault(lane.cluster, lane.namespace);
  await createConnector(lane.cluster, lane.namespace);
  lane.start();
  await takesAStand(lane, {});
  const before = await childrenOf(lane);
  const visited = new Map(KINDS.map(({ resource }) => [resource, [] as object[]]));
  const { admin } = lane.cluster;
  for (const { resource, key } of KINDS) {
    visited.get(resource)?.push((await admin.get<Resourced>(resource, key(lane.namespace))).spec);
  }
  let steps = 0;
  let stalled = 0;
  for (let at = 0; at < STEPS; at++) {
    const which = KINDS[at % 3 === 2 ? 1 : 0];
    if (which === undefined) continue;
    const earlier = visited.get(which.resource) ?? [];
    // Every fourth goes back to where it has been.
    const back = at % 4 === 3 ? earlier[(seed + at) % earlier.length] : undefined;
    const spec = back ?? (await step(lane, which, seed + at));
    if (spec === undefined) continue;
    try {
      await put(lane, which, spec);
    } catch (error) {
      // A way back may be closed: what is immutable was set on the way.
      if (back !== undefined && isKubeError(error, 'invalid')) continue;
      throw error;
    }
    steps += 1;
    earlier.push(spec);
    await takesAStand(lane, spec);
    const found = await admin.get<Resourced>(which.resource, which.key(lane.namespace));
    if (found.status?.conditions?.some(({ type, status }) => type === 'Stalled' && status === 'True'))
      stalled += 1;
  }
  for (const which of KINDS) {
    const [first] = visited.get(which.resource) ?? [];
    const now = await admin.get<Resourced>(which.resource, which.key(lane.namespace));
    if (first !== undefined) await put(lane, which, wayBack(first, now.spec));
  }
  await takesAStand(lane, { back: 'at the beginning' });
  await expect.poll(() => childrenOf(lane), { timeout: 20_000 }).toEqual(before);
  return { steps, stalled };
}

test(`from any valid spec to any other, and back, it converges or says why not (seed ${SEED})`, {
  timeout: 3_600_000,
}, async () => {
  const walks = await Promise.all(
    Array.from({ length: WALKS }, (_, at) =>
      lanes.inLane(`walk-${at}`, (lane) => walk(lane, SEED + 1_000 * at)),
    ),
  );
  const steps = walks.reduce((sum, one) => sum + one.steps, 0);
  // If hardly anything were accepted, nothing would be shown.
  expect(steps).toBeGreaterThan((WALKS * STEPS) / 3);
});
