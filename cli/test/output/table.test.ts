import { describe, expect, it } from 'vitest';
import { ageOf, duration } from '../../src/output/age.ts';
import { table } from '../../src/output/table.ts';
import { painter, printable } from '../../src/output/terminal.ts';

describe('table()', () => {
  it('lays columns out as kubectl does, and says <none> for what is empty', () => {
    const columns = [
      { title: 'Name', text: (row: string[]) => row[0] ?? '' },
      { title: 'Key', text: (row: string[]) => row[1] ?? '' },
    ];
    expect(
      table(columns, [
        ['payments', 'arn'],
        ['p', ''],
      ]),
    ).toBe('NAME       KEY\npayments   arn\np          <none>\n');
  });

  it('does not count escape sequences as width', () => {
    const columns = [
      { title: 'Ready', text: () => 'True', paint: (text: string) => `\x1b[32m${text}\x1b[0m` },
      { title: 'Age', text: () => '5m' },
    ];
    expect(table(columns, [1])).toBe('READY   AGE\n\x1b[32mTrue\x1b[0m    5m\n');
  });
});

describe('painter()', () => {
  const stdout = { write() {}, isTTY: true };

  it('colours for a terminal only', () => {
    expect(painter({ stdout, env: {} })('x', 'red')).toBe('\x1b[31mx\x1b[0m');
    expect(painter({ stdout: { write() {} }, env: {} })('x', 'red')).toBe('x');
  });

  it('obeys NO_COLOR, unless it is empty', () => {
    expect(painter({ stdout, env: { NO_COLOR: '1' } })('x', 'red')).toBe('x');
    expect(painter({ stdout, env: { NO_COLOR: '' } })('x', 'red')).toBe('\x1b[31mx\x1b[0m');
  });
});

describe('printable()', () => {
  it('lets no escape sequence of a log through, and keeps lines', () => {
    expect(printable('a\x1b[2Jb\r\n\tc\x9b1md')).toBe('a[2Jb\n\tc1md');
  });
});

describe('duration()', () => {
  it.each([
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [200_000, '3m20s'],
    [17 * 60_000, '17m'],
    [310 * 60_000, '5h10m'],
    [30 * 3_600_000, '30h'],
    [52 * 3_600_000, '2d4h'],
    [91 * 86_400_000, '91d'],
    [800 * 86_400_000, '2y70d'],
  ])('%i ms is %s, as kubectl says it', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('does not invent the age of what has no time', () => {
    expect(ageOf(undefined, 0)).toBe('<unknown>');
  });
});
