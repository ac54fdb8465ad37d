import { beforeEach, describe, expect, it } from 'vitest';
import { type PromoteOptions, PromotionError, promote } from '../src/index.ts';
import { type Scenario, scenario } from './support/scenario.ts';

const MINUTE = 60_000;
let s: Scenario;
beforeEach(async () => {
  s = await scenario();
});
const run = (options: Partial<PromoteOptions> = {}) =>
  promote(s.ports, s.config, { from: 'staging', to: 'prod', dryRun: false, again: false, ...options });

describe('promote --wait', () => {
  const waiting = (timeoutMs: number, onSleep: () => void = () => {}) => {
    const lines: string[] = [];
    const sleep = async (ms: number) => {
      s.world.nowMs += ms;
      onSleep();
    };
    return {
      lines,
      wait: { timeoutMs, intervalMs: 60_000, sleep, progress: (line: string) => lines.push(line) },
    };
  };

  it('waits until the source has soaked, and asks for evidence of the images once', async () => {
    s.syncer.syncs('staging', await s.world.head(), s.world.nowMs - 30 * MINUTE);
    s.syncer.states.set('staging', {
      ...(await stateOf()),
      deployments: [
        { revision: await s.world.head(), deployedAt: new Date(s.world.nowMs - 30 * MINUTE).toISOString() },
      ],
    });
    let asked = 0;
    const { images } = s.ports;
    const counted = {
      ...images,
      evidence(all: readonly string[]) {
        asked += 1;
        return images.evidence(all);
      },
    };
    s = Object.assign(s, { ports: { ...s.ports, images: counted } });
    const started = s.world.nowMs;
    let slept = 0;
    const { wait, lines } = waiting(60 * MINUTE, () => {
      slept += 1;
    });
    expect(await run({ wait })).toMatchObject({ outcome: 'opened' });
    expect(s.world.nowMs - started).toBe(30 * MINUTE);
    expect(asked).toBe(1);
    // Nobody is asked before it may pass.
    expect(slept).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('soaked');
  });

  it('does not wait for what would come too late', async () => {
    s.syncer.syncs('staging', await s.world.head(), s.world.nowMs);
    const started = s.world.nowMs;
    expect(await run({ wait: waiting(10 * MINUTE).wait })).toMatchObject({ outcome: 'held' });
    expect(s.world.nowMs).toBe(started);
  });

  it('ends at once for an image that is not signed', async () => {
    s.evidence = { signed: false, attested: false };
    const started = s.world.nowMs;
    expect(await run({ wait: waiting(10 * MINUTE).wait })).toMatchObject({ outcome: 'held' });
    expect(s.world.nowMs).toBe(started);
  });

  it('asks again, and less often, while nobody answers, and ends with that when the time is up', async () => {
    let answers = false;
    const away = async (): Promise<never> => {
      throw new PromotionError('health_unreachable', 'Argo CD: no answer');
    };
    const health = {
      state: (...of: Parameters<typeof s.syncer.state>) => (answers ? s.syncer.state(...of) : away()),
    };
    s = Object.assign(s, { ports: { ...s.ports, health } });
    const started = s.world.nowMs;
    const { wait, lines } = waiting(60 * MINUTE, () => {
      answers = s.world.nowMs - started >= 7 * MINUTE;
    });
    expect(await run({ wait })).toMatchObject({ outcome: 'opened' });
    expect(lines).toHaveLength(3);
    expect(s.world.nowMs - started).toBe(7 * MINUTE);

    answers = false;
    const never = waiting(10 * MINUTE);
    await expect(run({ wait: never.wait })).rejects.toMatchObject({ code: 'health_unreachable' });
    expect(s.world.nowMs - started).toBe(17 * MINUTE);
  });

  it('asks for evidence of the images again when the tool could not tell', async () => {
    const { images } = s.ports;
    let asked = 0;
    const evidence = async (all: readonly string[]) => {
      asked += 1;
      if (asked === 1) throw new PromotionError('verifier_unreachable', 'cosign could not tell');
      return images.evidence(all);
    };
    s = Object.assign(s, { ports: { ...s.ports, images: { ...images, evidence } } });
    expect(await run({ wait: waiting(10 * MINUTE).wait })).toMatchObject({ outcome: 'opened' });
    expect(asked).toBe(2);
  });

  it('does not ask again where somebody has to do something first', async () => {
    const state = async (): Promise<never> => {
      throw new PromotionError('health_unreachable', 'Argo CD answered 401', undefined, false);
    };
    s = Object.assign(s, { ports: { ...s.ports, health: { state } } });
    const started = s.world.nowMs;
    await expect(run({ wait: waiting(10 * MINUTE).wait })).rejects.toMatchObject({
      code: 'health_unreachable',
    });
    expect(s.world.nowMs).toBe(started);
  });

  it('ends when main moves', async () => {
    s.syncer.states.set('staging', { ...(await stateOf()), health: 'Progressing' });
    s.world.checkout = await s.world.head();
    const { wait } = waiting(10 * MINUTE, () => s.world.push({ 'README.md': 'more' }));
    await expect(run({ wait })).rejects.toMatchObject({ code: 'target_moved' });
    expect(s.world.writes).toEqual([]);
  });
});

async function stateOf() {
  const state = await s.syncer.state('staging');
  if (state === undefined) throw new Error('no state');
  return state;
}
