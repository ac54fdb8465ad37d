import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLogger, every, Lifecycle } from '../../src/index.ts';

const recorder = () => {
  const lines: string[] = [];
  const logger = createLogger({ service: 'test', level: 'info' }, { write: (line) => lines.push(line) });
  return { lines, logger };
};

describe('Lifecycle', () => {
  it('closes in the reverse order of opening, and goes on after a step that fails', async () => {
    const lifecycle = new Lifecycle();
    const closed: string[] = [];
    lifecycle.onClose('database', () => closed.push('database'));
    lifecycle.onClose('broken', () => Promise.reject(new Error('no')));
    lifecycle.onClose('http', async () => {
      await sleep(5);
      closed.push('http');
    });
    const { logger, lines } = recorder();
    expect(await lifecycle.close(logger, 1000)).toBe(false);
    expect(closed).toEqual(['http', 'database']);
    expect(lines.join('')).toContain('"step":"broken"');
  });

  it('does not wait for ever', async () => {
    const lifecycle = new Lifecycle();
    lifecycle.onClose('stuck', () => new Promise(() => undefined));
    const { logger, lines } = recorder();
    const startedAt = performance.now();
    expect(await lifecycle.close(logger, 50)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(lines.join('')).toContain('closing took too long');
  });
});

describe('every()', () => {
  it('goes on after failures, and reports the first of a row', async () => {
    const { logger, lines } = recorder();
    let runs = 0;
    const task = every(1, { name: 'count', logger }, () => {
      runs++;
      if (runs < 4) throw new Error('not yet');
    });
    await expect.poll(() => runs).toBeGreaterThan(5);
    task.stop();
    expect(lines).toHaveLength(1);
    const stoppedAt = runs;
    await sleep(20);
    expect(runs).toBe(stoppedAt);
  });
});
