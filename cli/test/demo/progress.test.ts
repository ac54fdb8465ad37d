import { describe, expect, it } from 'vitest';
import { Progress } from '../../src/demo/progress.ts';

function draw(isTTY: boolean) {
  let now = 0;
  let text = '';
  const write = (chunk: string | Uint8Array) => {
    text += chunk;
    return true;
  };
  const progress = new Progress({ stream: { isTTY, columns: 60, write } as never, now: () => now });
  const at = (ms: number) => {
    now = ms;
  };
  return { progress, at, written: () => text };
}

describe('Progress', () => {
  it('writes a line for each change of state, and the first word on it, where there is no terminal', () => {
    const { progress, at, written } = draw(false);
    progress.set('API server', 'working');
    at(1_500);
    progress.set('API server', 'working', 'half way');
    progress.set('API server', 'working', 'nearly there');
    progress.set('API server', 'ready', 'https://127.0.0.1:6443');
    expect(written().split('\n')).toEqual([
      '  0.0s  … API server',
      '  0.0s  … API server                         half way',
      '  1.5s  ✓ API server                         https://127.0.0.1:6443',
      '',
    ]);
  });

  it('redraws in place on a terminal, and never wraps a line', () => {
    const { progress, written } = draw(true);
    progress.set('one', 'working', 'x'.repeat(100));
    progress.set('two', 'ready');
    const lines = written().replaceAll('\x1b[1A', '').replaceAll('\x1b[K', '').split('\n');
    expect(lines.every((line) => line.length < 60)).toBe(true);
    expect(written()).toContain('\x1b[K\n\x1b[1A');
    expect(written(), 'clears the screen').not.toContain('\x1b[J');
  });
});
