import { describe, expect, it } from 'vitest';
import { table } from '../../src/demo/report.ts';

describe('table()', () => {
  it('makes each column as wide as its widest cell', () => {
    expect(
      table(
        ['A', 'LONG'],
        [
          ['wide cell', 'x'],
          ['b', 'y'],
        ],
      ),
    ).toBe('A          LONG\nwide cell  x\nb          y');
  });
});
