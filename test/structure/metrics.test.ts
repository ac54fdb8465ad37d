import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobs } from '../../cdk8s/src/slo/slos.ts';
import { documentedMetrics } from '../../cdk8s/test/documented-metrics.ts';
import { names } from '../../operator/src/desired/names.ts';
import { root } from './sources.ts';

/** An instrument, where it is made: `createCounter('cofferdam_tokens', ...)`. */
const INSTRUMENT = /\b(create\w*Counter|create\w*Histogram|create\w*Gauge|gauge)\(\s*'([a-z0-9_]+)'/g;
/** Written as text, because there can be more of it than OpenTelemetry holds. */
const WRITTEN_BY_HAND = ['cofferdam_condition'];

function instruments(): string[] {
  const files = globSync('{services/*,operator}/src/**/*.ts', { cwd: root });
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(INSTRUMENT)].map(([, kind = '', name = '']) =>
      kind.endsWith('Counter') ? `${name}_total` : name,
    ),
  );
}

describe('docs/metrics.md', () => {
  it('has every metric that a process makes, and no other', () => {
    const made = new Set([...instruments(), ...WRITTEN_BY_HAND]);
    const documented = documentedMetrics().map(({ name }) => name);
    expect(documented.filter((name) => !name.includes(':')).toSorted()).toEqual([...made].toSorted());
  });
});

describe('rules and dashboards', () => {
  it('look for jobs by the names that the operator gives Services', () => {
    expect([jobs.vault('v'), jobs.router('v'), jobs.connector('c')]).toEqual([
      names.vault('v'),
      names.router('v'),
      names.connector('c'),
    ]);
  });
});
