import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { percentile, percentiles } from '../../src/harness/percentiles.ts';
import { usageOf } from '../../src/harness/process-usage.ts';
import { createProgress } from '../../src/harness/progress.ts';
import { parsePrometheus, sum } from '../../src/harness/prometheus.ts';
import { below, exactly } from '../../src/harness/report.ts';
import { readable } from '../../src/harness/table.ts';

describe('percentile()', () => {
  test('is by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.5, 0.99, 0.999].map((share) => percentile(hundred, share))).toEqual([50, 99, 100]);
    expect(percentiles([3])).toEqual({ p50Ms: 3, p99Ms: 3, p999Ms: 3 });
    expect(percentiles([])).toEqual({ p50Ms: null, p99Ms: null, p999Ms: null });
  });

  test('is a value that occurred, with at least that share of the others not above it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, share) => {
          const value = percentile(all, share) ?? Number.NaN;
          expect(all).toContain(value);
          expect(all.filter((one) => one <= value).length).toBeGreaterThanOrEqual(share * all.length);
        },
      ),
    );
  });
});

test('the Prometheus text format is read, escaped labels included', () => {
  const samples = parsePrometheus(
    [
      '# HELP a_total What it is.',
      '# TYPE a_total counter',
      'a_total{verb="get",path="a\\"b\\\\c"} 3 1700000000',
      'a_total{verb="list"} 4.5e1',
      'b 1',
    ].join('\n'),
  );
  expect(samples[0]).toEqual({ name: 'a_total', labels: { verb: 'get', path: 'a"b\\c' }, value: 3 });
  expect(sum(samples, 'a_total')).toBe(48);
  expect(sum(samples, 'a_total', ({ verb }) => verb === 'list')).toBe(45);
  expect(sum(samples, 'missing')).toBe(0);
});

test('usage of a process is what the process says of itself', () => {
  const usage = usageOf(process.pid);
  const own = process.cpuUsage();
  expect(usage.rssMiB).toBeGreaterThan(20);
  expect(usage.rssPeakMiB).toBeGreaterThanOrEqual(usage.rssMiB * 0.5);
  expect(usage.cpuSeconds).toBeCloseTo((own.user + own.system) / 1e6, 0);
});

test('a target that was not measured is not met', () => {
  const limit = { value: 2, unit: 's' };
  expect(below('a', limit, 1.9)).toEqual({ name: 'a', wanted: '< 2 s', measured: 1.9, met: true });
  expect(below('a', limit, 2).met).toBe(false);
  expect(below('a', limit, null).met).toBe(false);
  expect(exactly('b', 0, 0).met).toBe(true);
  expect(exactly('b', 0, null).met).toBe(false);
});

test('the table shows figures that there are, and what was missed', () => {
  const machine = { cpu: 'C', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v24' };
  const result = { name: 'r', ratePerSecond: 12_345.678, p50Ms: null, p99Ms: null, p999Ms: null, errors: 0 };
  const text = readable({
    scenario: 's',
    machine,
    settings: { sizes: [1, 2] },
    results: [result],
    targets: [below('t', { value: 1, unit: 's' }, 2)],
  });
  expect(text).toBe(
    [
      's: 2 cores (C), 8 GiB, Linux, Node v24',
      'sizes 1 2',
      '',
      'r',
      '  ratePerSecond  12,345.68',
      '  errors         0',
      '',
      'MISSED  t: wanted < 1 s, measured 2',
      '',
    ].join('\n'),
  );
});

describe('progress', () => {
  const written = (isTTY: boolean) => {
    const lines: string[] = [];
    const progress = createProgress(
      { write: (text: string) => lines.push(text) > 0, isTTY, columns: 30 },
      () => 0,
    );
    progress.show('first', '1 of 2');
    progress.show('first', '2 of 2');
    progress.show('second');
    progress.end();
    return lines;
  };

  test('is a line a step where nobody watches', () => {
    expect(written(false)).toEqual(['   0 s  first: 1 of 2\n', '   0 s  second\n']);
  });

  test('is one line, redrawn and cut to the width, on a terminal', () => {
    expect(written(true)).toEqual([
      '\r\u001b[K   0 s  first: 1 of 2',
      '\r\u001b[K   0 s  second',
      '\r\u001b[K',
    ]);
  });
});
