import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PromotionError, promote } from '../src/index.ts';
import { environmentFiles, releaseOf, type Scenario, scenario } from './support/scenario.ts';

const MINUTE = 60_000;

/** What happens to the project; `run` stands for a run by whatever trigger, `drop` for one that ends before write n. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'run' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drop' as const), before: fc.nat(6) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('release' as const), n: fc.integer({ min: 3, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('replicas' as const), n: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'elsewhere' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'degrade' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'race' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'again' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'rollback' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Dropped extends Error {}

const run = (s: Scenario, again = false) =>
  promote(s.ports, s.config, { from: 'staging', to: 'prod', dryRun: false, again });

async function attempt(s: Scenario, again = false): Promise<void> {
  await run(s, again).catch((error: unknown) => {
    if (!(error instanceof Dropped) && !(error instanceof PromotionError)) throw error;
  });
}

async function take(s: Scenario, now: Step): Promise<void> {
  const { world, syncer } = s;
  world.nowMs += MINUTE;
  switch (now.kind) {
    case 'run':
      return attempt(s);
    case 'drop': {
      const last = world.writes.length + now.before;
      world.beforeWrite = () => {
        if (world.writes.length >= last) throw new Dropped();
      };
      await attempt(s);
      world.beforeWrite = () => {};
      return;
    }
    case 'race':
      await Promise.all([attempt(s), attempt(s)]);
      return;
    case 'again':
      return attempt(s, true);
    case 'rollback':
      world.push(environmentFiles('prod', 2, 3));
      world.push(environmentFiles('prod', 1, 3));
      return;
    case 'release':
      syncer.syncs('staging', world.push(environmentFiles('staging', now.n, 2)), world.nowMs);
      return;
    case 'replicas': {
      const has = releaseOf(world.text('main', 'environments/prod/release.yaml'));
      world.push(environmentFiles('prod', has, now.n));
      return;
    }
    case 'elsewhere':
      world.push({ 'README.md': String(world.commits.size) });
      return;
    case 'degrade':
      syncer.states.set('staging', { ...(await known(s)), health: 'Degraded' });
  }
}

async function known(s: Scenario) {
  const state = await s.syncer.state('staging');
  if (state === undefined) throw new Error('no state');
  return state;
}

function refusal(error: unknown): string {
  if (error instanceof PromotionError) return error.code;
  throw error;
}

/** What people would merge. */
function proposed({ world }: Scenario) {
  return world.openPulls().map(({ head, base, title, body, labels }) => {
    const files = world.commits.get(world.branches.get(head) ?? '')?.files ?? new Map<string, string>();
    const prod = [...files].filter(([path]) => path.startsWith('environments/prod/'));
    return { base, title, body, labels: labels.toSorted(), prod };
  });
}

describe('whatever runs were dropped, repeated or raced', () => {
  it('one more run ends in the same pull request as one run alone, and a second writes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const [troubled, calm] = await Promise.all([scenario(), scenario()]);
        for (const now of steps) await take(troubled, now);
        for (const now of steps) if (!['run', 'drop', 'race'].includes(now.kind)) await take(calm, now);
        for (const s of [troubled, calm]) {
          const release = releaseOf(s.world.text('main', 'environments/staging/release.yaml'));
          s.world.nowMs = Date.parse('2026-11-24T12:00:00Z');
          s.syncer.syncs('staging', s.world.push(environmentFiles('staging', release, 2)), s.world.nowMs);
          s.world.nowMs += 61 * MINUTE;
          await attempt(s);
        }
        const strip = (all: ReturnType<typeof proposed>) =>
          all.map((one) => ({ ...one, body: one.body.replaceAll(/`?[0-9a-f]{10}\b|[0-9T:-]{19}Z/g, '') }));
        expect(strip(proposed(troubled))).toEqual(strip(proposed(calm)));
        expect(proposed(troubled).length).toBeLessThanOrEqual(1);
        const writes = troubled.world.writes.length;
        const outcome = await run(troubled).then((result) => result.outcome, refusal);
        expect(outcome).toMatch(/^(unchanged|nothing|rolled_back)$/);
        expect(troubled.world.writes.length).toBe(writes);
      }),
      { numRuns: 40 },
    );
  });

  it('at no moment is a release open for prod that staging did not run healthily for the soak time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const s = await scenario();
        for (const now of steps) {
          await take(s, now);
          for (const { prod } of proposed(s)) {
            const text = new Map(prod).get('environments/prod/release.yaml');
            // Steps take a minute each: no other release than the first can have soaked for an hour.
            expect(releaseOf(text)).toBe(2);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
