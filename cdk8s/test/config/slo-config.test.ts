import { describe, expect, test } from 'vitest';
import { parseYaml } from '../../src/config/parse-yaml.ts';
import { SlosConfig } from '../../src/config/slo-config.ts';

const problem = (text: string): string => {
  try {
    parseYaml('slos.yaml', text, SlosConfig);
    return 'taken';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('objectives', () => {
  test('are taken with thirty days where nothing else is said', () => {
    expect(problem('availability: { vault: { objectivePercent: 99.95 } }')).toBe('taken');
    expect(problem('latency: { router: { objectivePercent: 99, thresholdMilliseconds: 5000 } }')).toBe(
      'taken',
    );
    expect(problem('latency: { vault: { objectivePercent: 99, thresholdMilliseconds: 2.5 } }')).toBe('taken');
    expect(problem('windowDays: 28\noutboxLag: { objectivePercent: 99, thresholdSeconds: 60 }')).toBe(
      'taken',
    );
  });

  test('are refused where they cannot be measured', () => {
    expect(problem('latency: { vault: { objectivePercent: 99, thresholdMilliseconds: 300 } }')).toMatch(
      /^slos\.yaml:1:43 latency\.vault\.thresholdMilliseconds: expected one of 1\|2\.5\|5\|/,
    );
    expect(problem('availability: { vault: { objectivePercent: 100 } }')).toMatch(
      /^slos\.yaml:1:26 availability\.vault\.objectivePercent: .*99\.999/,
    );
    expect(problem('windowDays: 7')).toMatch(/^slos\.yaml:1:1 windowDays: .*28/);
    expect(problem('availability: { connector: { objectivePercent: 99 } }')).toBe(
      'slos.yaml:1:17 availability.connector: unknown member',
    );
  });

  test('are refused where no number of errors could ever page', () => {
    expect(problem('availability: { router: { objectivePercent: 93 } }')).toBe(
      'slos.yaml:1:27 availability.router.objectivePercent: could never page: with 30 days a page wants 14.4 times the allowed errors, which is more than all; wanted 93.1 or more',
    );
    expect(problem('windowDays: 90\nunknownAge: { objectivePercent: 97, thresholdSeconds: 60 }')).toMatch(
      /^slos\.yaml:2:15 unknownAge\.objectivePercent: could never page: with 90 days a page wants 43\.2 times/,
    );
    expect(problem('availability: { router: { objectivePercent: 93.1 } }')).toBe('taken');
  });
});
