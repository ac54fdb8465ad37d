import { expect, test } from 'vitest';
import {
  createLeaderElector,
  type KubeClient,
  KubeError,
  type KubeObject,
  microTime,
  RESOURCES,
} from '../../src/engine/index.ts';
import { createManualClock } from './manual-clock.ts';

type Lease = KubeObject & { spec: { holderIdentity: string; renewTime: string; leaseTransitions: number } };

/** One Lease with optimistic concurrency, and a switch that makes its server unreachable. */
function leaseServer() {
  let lease: Lease | undefined;
  const state = { reachable: true, writes: 0 };
  const reach = () => {
    if (!state.reachable) throw new KubeError('unreachable', 'down');
  };
  const client = {
    async get() {
      reach();
      if (lease === undefined) throw new KubeError('not_found', 'none');
      return structuredClone(lease);
    },
    async create(_resource: unknown, object: KubeObject) {
      reach();
      if (lease !== undefined) throw new KubeError('already_exists', 'there');
      lease = { ...(object as Lease), metadata: { ...object.metadata, resourceVersion: '1' } };
      state.writes += 1;
      return lease;
    },
    async update(_resource: unknown, object: KubeObject) {
      reach();
      if (object.metadata.resourceVersion !== lease?.metadata.resourceVersion)
        throw new KubeError('conflict', 'late');
      state.writes += 1;
      lease = {
        ...(object as Lease),
        metadata: { ...object.metadata, resourceVersion: String(state.writes + 1) },
      };
      return lease;
    },
  } as unknown as KubeClient;
  return { client, state, lease: () => lease };
}

function optionsOf({ client }: ReturnType<typeof leaseServer>, clock: ReturnType<typeof createManualClock>) {
  return { client, namespace: 'n', name: 'l', clock, random: () => 0 };
}

test('microTime() has exactly six digits, which the API server insists on', () => {
  expect(microTime(1_700_000_000_123)).toBe('2023-11-14T22:13:20.123000Z');
});

test('one of two leads; the other takes over only after the lease has run out', async () => {
  const clock = createManualClock();
  const server = leaseServer();
  const options = optionsOf(server, clock);
  const a = createLeaderElector({ ...options, identity: 'a' });
  const b = createLeaderElector({ ...options, identity: 'b' });
  const stopA = new AbortController();
  const stopB = new AbortController();
  const wait = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const runs = [a.run(stopA.signal, wait)];
  await clock.advance(1_000);
  runs.push(b.run(stopB.signal, wait));
  await clock.advance(60_000);
  expect([a.isLeading(), b.isLeading()]).toEqual([true, false]);

  // The server goes away: the leader stops sending by itself, before anybody else can have taken the lease.
  server.state.reachable = false;
  await clock.advance(12_000);
  expect([a.isLeading(), b.isLeading()]).toEqual([false, false]);
  expect(() => a.assertLeading()).toThrow(expect.objectContaining({ code: 'not_leading' }));
  server.state.reachable = true;
  await clock.advance(20_000);
  expect([a.isLeading(), b.isLeading()]).toEqual([false, true]);
  expect(server.lease()?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });

  stopA.abort();
  stopB.abort();
  await clock.advance(5_000);
  await Promise.all(runs);
  expect(server.lease()?.spec.holderIdentity).toBe('');
});

test('a leader whose work fails gives the lease back, and its failure is told', async () => {
  const clock = createManualClock();
  const server = leaseServer();
  const elector = createLeaderElector({ ...optionsOf(server, clock), identity: 'a' });
  const run = elector.run(new AbortController().signal, () => Promise.reject(new Error('broken')));
  const failure = expect(run).rejects.toThrow('broken');
  await clock.advance(5_000);
  await failure;
  expect(elector.isLeading()).toBe(false);
  expect(server.lease()?.spec.holderIdentity).toBe('');
});

test('who sees another holder stops at once, and not at its own deadline', async () => {
  const clock = createManualClock();
  const server = leaseServer();
  const options = optionsOf(server, clock);
  const elector = createLeaderElector({ ...options, identity: 'a' });
  let lost = false;
  const run = elector.run(new AbortController().signal, async (leading) => {
    await new Promise<void>((resolve) => leading.addEventListener('abort', () => resolve()));
    lost = true;
  });
  await clock.advance(1_000);
  const lease = server.lease() as Lease;
  await server.client.update(RESOURCES.leases, {
    ...lease,
    spec: { ...lease.spec, holderIdentity: 'b' },
  } as Lease);
  await clock.advance(2_500);
  expect([elector.isLeading(), lost]).toEqual([false, true]);
  await run;
  expect(server.lease()?.spec.holderIdentity).toBe('b');
});

test('a jump of the wall clock stops what is sent until the next renewal, and loses nothing', async () => {
  const clock = createManualClock();
  const server = leaseServer();
  const elector = createLeaderElector({ ...optionsOf(server, clock), identity: 'a' });
  const stopping = new AbortController();
  let lost = false;
  const run = elector.run(stopping.signal, (leading) => {
    leading.addEventListener('abort', () => (lost = !stopping.signal.aborted));
    return new Promise((resolve) => leading.addEventListener('abort', () => resolve()));
  });
  await clock.advance(3_000);
  expect(elector.isLeading()).toBe(true);
  clock.jump(3_600_000);
  // For all that is known, the machine slept for an hour and another leads.
  expect(() => elector.assertLeading()).toThrow(expect.objectContaining({ code: 'not_leading' }));
  await clock.advance(2_000);
  expect(elector.isLeading()).toBe(true);
  clock.jump(-7_200_000);
  await clock.advance(20_000);
  expect([elector.isLeading(), lost]).toEqual([true, false]);
  stopping.abort();
  await clock.advance(1_000);
  await run;
});

test('a leader that stops gives the lease back only when its work has ended, and sends nothing after', async () => {
  const clock = createManualClock();
  const server = leaseServer();
  const elector = createLeaderElector({ ...optionsOf(server, clock), identity: 'a' });
  const stopping = new AbortController();
  const run = elector.run(stopping.signal, () => clock.sleep(6_000));
  await clock.advance(1_000);
  stopping.abort();
  await clock.advance(1_000);
  // A write that is under way is still a leader's.
  expect([elector.isLeading(), server.lease()?.spec.holderIdentity]).toEqual([true, 'a']);
  await clock.advance(10_000);
  await run;
  expect([elector.isLeading(), server.lease()?.spec.holderIdentity]).toEqual([false, '']);
});
