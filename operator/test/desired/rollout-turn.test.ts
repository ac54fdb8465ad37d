import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNewer, tooOldFor } from '../../src/desired/release.ts';
import { type RolloutResource, type RolloutTurn, rolloutTurn } from '../../src/desired/rollout-turn.ts';
import { facts } from '../fixtures.ts';

type Wanted = { name: string; generation?: number; served?: boolean; stalled?: boolean; paused?: boolean };
const release = { version: '2.0.0', digest: 'new' };
const condition = (type: string, holds: boolean) => ({ type, status: holds ? 'True' : 'False' });

function resource(
  wanted: Wanted,
  rollout?: NonNullable<RolloutResource['status']>['rollout'],
): RolloutResource {
  const { name, generation = 1, served = true, stalled = false, paused } = wanted;
  const [vault = '', connector] = name.split('/');
  return {
    kind: connector === undefined ? 'PaymentVault' : 'PSPConnector',
    metadata: { name: connector ?? vault, namespace: 'ns', generation },
    spec: { paused, ...(connector === undefined ? {} : { vaultRef: { name: vault } }) },
    status: {
      observedGeneration: 1,
      conditions: [condition('Available', served), ...(stalled ? [condition('Stalled', true)] : [])],
      rollout: rollout ?? { release: 'old', generation: 1 },
    },
  };
}
const turns = (all: RolloutResource[], maxRollouts = 2) =>
  all.map((one) => rolloutTurn(one, all, { release, maxRollouts }).turn);

test('an upgraded operator takes so many at a time, by name, each vault before its connectors', () => {
  const all = ['b', 'a/stripe', 'a', 'c'].map((name) => resource({ name }));
  expect(turns(all)).toEqual(['Queued', 'Granted', 'Granted', 'Queued']);
  expect(rolloutTurn(all[3] as RolloutResource, all, { release, maxRollouts: 2 })).toEqual({
    turn: 'Queued',
    position: 2,
    waiting: 2,
    underWay: ['ns/a', 'ns/a/stripe'],
  });
});

test('one that began keeps its place, also when it stops serving', () => {
  const started = { release: 'old', generation: 1, startedRelease: 'new' };
  const all = [
    resource({ name: 'a' }),
    resource({ name: 'b' }),
    resource({ name: 'z', served: false }, started),
  ];
  expect(turns(all)).toEqual(['Granted', 'Queued', 'Granted']);
});

test('who is done, asked for it, does not serve, or was never rolled out waits for nobody', () => {
  const all = [
    resource({ name: 'a' }),
    resource({ name: 'b' }),
    resource({ name: 'done' }, { release: 'new', generation: 1 }),
    resource({ name: 'asked', generation: 2 }),
    resource({ name: 'down', served: false }),
    { ...resource({ name: 'fresh' }), status: undefined },
  ];
  expect(turns(all)).toEqual(['Granted', 'Granted', 'Free', 'Free', 'Free', 'Free']);
});

test('nobody waits behind one that cannot go on', () => {
  const all = [
    resource({ name: 'a', paused: true }),
    resource({ name: 'b', stalled: true }),
    resource({ name: 'c' }),
    resource({ name: 'd' }),
  ];
  expect(turns(all).slice(2)).toEqual(['Granted', 'Granted']);
});

test('one that is stalled comes last: it would take a place, and not give it back', () => {
  const all = ['a', 'b', 'c'].map((name) => resource({ name, stalled: true }));
  all.push(resource({ name: 'x' }), resource({ name: 'y' }), resource({ name: 'z' }));
  expect(turns(all)).toEqual(['Queued', 'Queued', 'Queued', 'Granted', 'Granted', 'Queued']);
  expect(turns(all.slice(0, 3))).toEqual(['Granted', 'Granted', 'Queued']);
});

test('a connector rolls at once when its vault was changed', () => {
  const vault = resource({ name: 'a', generation: 3 }, { release: 'new', generation: 3 });
  const behind = (vaultGeneration: number) =>
    resource({ name: 'a/stripe' }, { release: 'old', generation: 1, vaultGeneration });
  expect(turns([vault, behind(2)], 0)).toEqual(['Free', 'Free']);
  expect(turns([vault, behind(3)], 0)).toEqual(['Free', 'Queued']);
});

test('property: taken in any order and any number of times, no more than the limit are under way, and all get done', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-d](\/[a-d])?$/), { minLength: 1, maxLength: 12 });
  const steps = fc.infiniteStream(fc.nat());
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 4 }), steps, (wanted, maxRollouts, picks) => {
      const all = new Map(wanted.map((name) => [name, resource({ name })]));
      const under = () =>
        [...all.values()].filter(({ status }) => status?.rollout?.startedRelease !== undefined);
      for (let step = 0; step < 400; step++) {
        const at = Number(picks.next().value);
        const name = wanted[at % wanted.length] ?? '';
        const one = all.get(name) as RolloutResource;
        const { turn } = rolloutTurn(one, [...all.values()], { release, maxRollouts });
        const isStarted = one.status?.rollout?.startedRelease !== undefined;
        if (turn === 'Granted' && !isStarted)
          all.set(name, resource({ name }, { release: 'old', generation: 1, startedRelease: 'new' }));
        else if (isStarted && at % 3 === 0)
          all.set(name, resource({ name }, { release: 'new', generation: 1 }));
        expect(under().length).toBeLessThanOrEqual(maxRollouts);
      }
      // Whatever came before, taking each in turn ends it.
      for (let round = 0; round < 2 * wanted.length; round++) {
        for (const name of wanted) {
          const { turn }: RolloutTurn = rolloutTurn(all.get(name) as RolloutResource, [...all.values()], {
            release,
            maxRollouts,
          });
          if (turn === 'Granted') all.set(name, resource({ name }, { release: 'new', generation: 1 }));
        }
      }
      expect([...all.values()].every(({ status }) => status?.rollout?.release === 'new')).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('fifty vaults: five at a time from the first to the last', () => {
  const all = Array.from({ length: 50 }, (_, index) =>
    resource({ name: `v${String(index).padStart(2, '0')}` }),
  );
  const order: string[] = [];
  for (let round = 0; round < 20; round++) {
    const granted = all.filter((one) => rolloutTurn(one, all, { release }).turn === 'Granted');
    expect(granted.length).toBe(Math.min(5, 50 - order.length));
    for (const { metadata } of granted) {
      order.push(metadata.name);
      all[Number(metadata.name.slice(1))] = resource(
        { name: metadata.name },
        { release: 'new', generation: 1 },
      );
    }
    if (order.length === 50) break;
  }
  expect(order).toEqual(all.map(({ metadata }) => metadata.name));
});

test.each([
  ['1.2.3', '1.2.3', false],
  ['1.2.4', '1.2.3', true],
  ['1.10.0', '1.9.9', true],
  ['2.0.0', '10.0.0', false],
  ['2.0.0', '2.0.0-rc.1', true],
  ['2.0.0-rc.10', '2.0.0-rc.9', true],
  ['2.0.0-rc.1', '2.0.0', false],
  ['nightly', '1.0.0', false],
])('isNewer(%s, %s) is %s', (one, other, newer) => {
  expect(isNewer(one, other)).toBe(newer);
});

test('an operator leaves alone what a newer one has acted on, unless it is told', () => {
  const marked = (annotations = {}) => ({ metadata: { annotations }, status: { operatorVersion: '2.0.1' } });
  const old = { ...facts, release };
  expect(tooOldFor(marked(), old)).toContain('operator 2.0.1 has acted on it, and this is the older 2.0.0');
  expect(tooOldFor(marked({ 'payments.cofferdam.dev/accepted-operator': '2.0.0' }), old)).toBeUndefined();
  expect(tooOldFor(marked({ 'payments.cofferdam.dev/accepted-operator': '1.0.0' }), old)).toBeDefined();
  expect(tooOldFor(marked(), { ...old, allowDowngrade: true })).toBeUndefined();
  expect(tooOldFor({ ...marked(), status: { operatorVersion: '2.0.0' } }, old)).toBeUndefined();
});
