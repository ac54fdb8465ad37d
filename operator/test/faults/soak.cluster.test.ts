import { readdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient, createReflector, createTransport, RESOURCES } from '../../src/engine/index.ts';
import { PAYMENT_VAULTS, PSP_CONNECTORS } from '../../src/reconcile/resources.ts';
import { connectorKey, createConnector, createVault, OPERATOR, vaultKey } from '../cluster-harness.ts';
import type { Lane } from './lane.ts';
import { type Lanes, startLanes } from './lanes.ts';
import { SCENARIOS } from './scenarios.ts';

/** `SOAK_SECONDS=600` is the long form. */
const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 10);

let lanes: Lanes;
beforeAll(async () => {
  lanes = await startLanes();
});
afterAll(() => lanes?.close());

/** What must not grow while nothing but time passes. */
async function used() {
  globalThis.gc?.();
  const descriptors = await readdir('/proc/self/fd').catch(() => []);
  return { descriptors: descriptors.length, heapMegabytes: process.memoryUsage().heapUsed / 2 ** 20 };
}

/** A vault and a connector come, change and go, while watches break. */
async function round(lane: Lane, at: number): Promise<void> {
  const { cluster, namespace } = lane;
  const watches = { user: OPERATOR, path: `/namespaces/${namespace}/` };
  await createVault(cluster, namespace);
  await createConnector(cluster, namespace);
  await wait(100);
  await cluster.faults('POST', `/faults/watches/${at % 2 === 0 ? 'drop' : 'truncate'}`, watches);
  const [, , update, scale] = SCENARIOS;
  await update?.act(lane);
  await scale?.act(lane);
  await cluster.faults('POST', '/faults/watches/drop', watches);
  await lane.atRest();
  await cluster.admin.delete(PSP_CONNECTORS, connectorKey(namespace));
  await cluster.admin.delete(PAYMENT_VAULTS, vaultKey(namespace));
  await expect.poll(() => cluster.mirror.keysOf(namespace), { timeout: 60_000 }).toEqual([]);
  await lane.atRest();
}

test(`${SECONDS} seconds of churn with broken watches: no event missed, no connection, descriptor or memory lost`, {
  timeout: (SECONDS + 240) * 1_000,
}, async () => {
  await lanes.inLane('soak', async (lane) => {
    const transport = createTransport(lanes.cluster.operatorConfig);
    const client = createClient({ transport });
    const watcher = createReflector({ client, resource: RESOURCES.configMaps, namespace: 'soak' });
    watcher.start();
    lane.start();
    // What is made once is made now.
    await round(lane, 0);
    await round(lane, 1);
    const before = await used();
    const until = performance.now() + SECONDS * 1_000;
    let rounds = 0;
    while (performance.now() < until) {
      await round(lane, rounds);
      rounds += 1;
    }
    const after = await used();
    expect(rounds).toBeGreaterThan(0);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 10);
    // The API server's history is in this process too.
    expect(after.heapMegabytes).toBeLessThan(before.heapMegabytes * 1.5 + 60);

    const versions = (items: readonly { metadata: { name: string; resourceVersion?: string } }[]) =>
      items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort();
    await expect
      .poll(
        async () => {
          const { items } = await lanes.cluster.admin.list(RESOURCES.configMaps, { namespace: 'soak' });
          return { missed: versions(watcher.store.list()).join() !== versions(items).join() };
        },
        { timeout: 10_000 },
      )
      .toEqual({ missed: false });
    await watcher.stop();
    await transport.close();
  });
});
