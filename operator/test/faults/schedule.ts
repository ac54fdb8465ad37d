import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { type KubeObject, RESOURCES } from '../../src/engine/index.ts';
import { OPERATOR } from '../cluster-harness.ts';
import type { Lane } from './lane.ts';

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;

/** One thing that goes wrong, some time after the one before. */
export type Fault =
  | { kind: 'answer'; status: 409 | 410 | 429 | 500 | 503; verbs: (typeof VERBS)[number][]; times: number }
  | { kind: 'connection'; drop: 'before' | 'after'; verbs: (typeof VERBS)[number][]; times: number }
  | { kind: 'slow'; latencyMilliseconds: number; times: number }
  | { kind: 'watches'; action: 'drop' | 'silence' | 'truncate' }
  | { kind: 'compaction' }
  | { kind: 'kms' | 'kafka'; trouble: 'down' | 'slow' | 'throttling' | 'answer lost'; times: number }
  | { kind: 'lease' }
  | { kind: 'clock'; jumpMs: number }
  | { kind: 'kill' };
export type Step = { afterMs: number; fault: Fault };

const verbs = fc.subarray([...VERBS], { minLength: 1 });
const times = fc.integer({ min: 1, max: 6 });
const fault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      status: fc.constantFrom(409, 410, 429, 500, 503),
      verbs,
      times,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('connection' as const),
      drop: fc.constantFrom('before', 'after'),
      verbs,
      times,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('slow' as const),
      latencyMilliseconds: fc.integer({ min: 10, max: 250 }),
      times,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('watches' as const),
      action: fc.constantFrom('drop', 'silence', 'truncate'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compaction' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('kms', 'kafka'),
      trouble: fc.constantFrom('down', 'slow', 'throttling', 'answer lost'),
      times,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lease' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      jumpMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
);
export const schedule: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: 120 }), fault }),
  { minLength: 3, maxLength: 14 },
);

/** Has these faults come over a lane; answers how to end those that are left. */
export async function disturb(lane: Lane, steps: readonly Step[]): Promise<() => Promise<void>> {
  const { cluster, namespace } = lane;
  const ids: string[] = [];
  const match = { user: OPERATOR, path: `/namespaces/${namespace}/` };
  const rule = async (effect: object) => {
    const { id } = await cluster.faults('POST', '/faults', effect);
    if (id !== undefined) ids.push(id);
  };
  const outside: { kind: string; trouble: string; left: number }[] = [];
  const next = (name: string) => {
    const one = outside.find(({ kind, left }) => left > 0 && name.startsWith(kind));
    if (one !== undefined) one.left -= 1;
    return one?.trouble;
  };
  lane.faults.onSend = async (name) => {
    const trouble = next(name);
    if (trouble === 'slow') await wait(200);
    if (trouble === 'down') throw new Error('connect ECONNREFUSED');
    if (trouble === 'throttling')
      throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
  };
  lane.faults.onAnswer = async (name) => {
    if (
      outside.some(
        ({ kind, trouble, left }) => left > 0 && trouble === 'answer lost' && name.startsWith(kind),
      )
    ) {
      next(name);
      throw new Error('socket hang up');
    }
  };
  lane.brokers.trouble = () => lane.faults.onSend?.('kafka') ?? Promise.resolve();

  for (const { afterMs, fault } of steps) {
    await wait(afterMs);
    if (fault.kind === 'answer') {
      const { status, times, verbs } = fault;
      const retry = status === 429 || status === 503 ? { retryAfterSeconds: 0 } : {};
      await rule({ match: { ...match, verbs }, status, times, ...retry });
    } else if (fault.kind === 'connection') {
      await rule({ match: { ...match, verbs: fault.verbs }, drop: fault.drop, times: fault.times });
    } else if (fault.kind === 'slow') {
      await rule({ match, latencyMilliseconds: fault.latencyMilliseconds, times: fault.times });
    } else if (fault.kind === 'watches') {
      await cluster.faults('POST', `/faults/watches/${fault.action}`, match);
    } else if (fault.kind === 'compaction') {
      await cluster.faults('POST', '/faults/compact');
    } else if (fault.kind === 'kms' || fault.kind === 'kafka') {
      outside.push({ kind: fault.kind, trouble: fault.trouble, left: fault.times });
    } else if (fault.kind === 'lease') {
      await stealLease(lane);
    } else if (fault.kind === 'clock') {
      lane.clock.jump(fault.jumpMs);
    } else {
      lane.operator?.kill();
      await lane.stop();
      lane.start();
    }
  }
  return async () => {
    for (const id of ids) await cluster.faults('DELETE', `/faults/${id}`).catch(() => {});
    lane.faults = {};
    lane.brokers.trouble = undefined;
    // A silent watch is found out after minutes; here its connection breaks when the trouble is over.
    await cluster.faults('POST', '/faults/watches/drop', match);
  };
}

/** Somebody else has it, for a second. */
async function stealLease({ cluster, namespace }: Lane): Promise<void> {
  const spec = {
    holderIdentity: 'thief',
    leaseDurationSeconds: 1,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  };
  const key = { namespace, name: 'cofferdam-operator' };
  await cluster.admin
    .patch<KubeObject>(RESOURCES.leases, key, { type: 'merge', body: { spec } })
    .catch(() => {});
}
